// What the ledger says, in Chinese and English: the identifiers of states, events and roles.
export const LEDGER_WORDS = {
  zh: {
    title: "一本账", open: "件未销账", scope: "范围", view: "当前视图", more: "件未列出", none: "没有未销账的点位", fold: "点位列表",
    colours: "着色", by_state: "按状态", by_lamp: "按期限灯", indicator: "指标", no_indicator: "单位不着色", book: "台账", no_book: "不叠加台账", no_figures: "指标读取失败", deadline: "期限", noDeadline: "未定期限", noCode: "未立账", overdue: "已超 {} 天", left: "还有 {} 天", today: "今天到期",
    state: "状态", lamp: "期限灯", task: "任务", unit: "责任单位", address: "地址", rebounds: "反弹次数", backfilled: "补录", late: "迟报",
    failed: "点位列表读取失败",
    green: "绿灯", yellow: "黄灯", red: "红灯", neither: "不在账",
    states: {
      reported: "上报", rejected: "不予立账", registered: "挂账", dispatched: "派发", returned: "退回", in_progress: "处置中", suspended: "挂起",
      submitted: "申请销账", verified_town: "街乡核查通过", closed: "销账", rebounded: "反弹", transferred: "移交", void: "作废",
    },
    kinds: {
      report: "上报", reject: "不予立账", register: "挂账", dispatch: "派发", return: "退回", accept: "接收", suspend: "挂起", resume: "恢复",
      submit: "申请销账", town_verify: "街乡核查通过", district_close: "销账", fail: "核查不通过", spot_check: "市级抽查", rebound: "反弹",
      transfer: "移交", void: "作废", extend: "延期", withdraw: "撤回", merge: "并案", progress: "进展", correct: "更正", supervise: "督办", reply: "督办回复", hold_accountable: "追责",
    },
    roles: {
      grid_worker: "网格员", town: "街乡", town_checker: "街乡核查", district: "区", district_checker: "区核查", city: "市", department: "部门",
    },
  },
  en: {
    title: "Ledger", open: "open", scope: "Of", view: "this view", more: "more are not listed", none: "No open points", fold: "List of points",
    colours: "Colours", by_state: "by state", by_lamp: "by deadline", indicator: "Indicator", no_indicator: "units not coloured", book: "Ledger over the map", no_book: "no ledger drawn", no_figures: "The indicators could not be read", deadline: "Deadline", noDeadline: "no deadline", noCode: "no number yet", overdue: "{} days late", left: "{} days left", today: "due today",
    state: "State", lamp: "Lamp", task: "Task", unit: "Unit", address: "Address", rebounds: "Rebounds", backfilled: "brought in afterwards", late: "late",
    failed: "The list of points could not be read",
    green: "green", yellow: "yellow", red: "red", neither: "not open",
    states: {
      reported: "reported", rejected: "rejected", registered: "registered", dispatched: "dispatched", returned: "returned", in_progress: "in progress", suspended: "suspended",
      submitted: "submitted", verified_town: "verified by the town", closed: "closed", rebounded: "rebounded", transferred: "transferred", void: "void",
    },
    kinds: {
      report: "reported", reject: "rejected", register: "registered", dispatch: "dispatched", return: "returned", accept: "accepted", suspend: "suspended", resume: "resumed",
      submit: "submitted", town_verify: "verified by the town", district_close: "closed", fail: "check failed", spot_check: "spot check", rebound: "rebounded",
      transfer: "transferred", void: "voided", extend: "extended", withdraw: "withdrawn", merge: "merged", progress: "progress", correct: "corrected", supervise: "supervised", reply: "replied", hold_accountable: "held accountable",
    },
    roles: {
      grid_worker: "grid worker", town: "town", town_checker: "town checker", district: "district", district_checker: "district checker", city: "city", department: "department",
    },
  },
};
