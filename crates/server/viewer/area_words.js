// What the tool for areas says, in Chinese and English.
export const AREA_WORDS = {
  zh: {
    title: "片区", fold: "画片区，看里面有什么", draw: "画一块", again: "重画", finish: "完成", clear: "清除", choose: "已有片区", counting: "正在统计…",
    hint: "点图设角点：{} 个；双击或回车结束，退格撤一个，Esc 放弃", few: "至少三个角点", ended: "自 {} 起",
    parcels: "宗地", buildings: "建筑", points: "点位", inside: "区内", hectares: "公顷", planned: "计划拆", done: "已拆", m2: "㎡",
    code: "代码", name: "名称", kind: "类别", save: "存为片区", end: "今日起失效", remove: "删除", sure: "删除片区 {}？历史仍在。", sureEnd: "片区 {} 自今日起失效？",
    figures: "指标", none: "没有数值",
    refused: { 401: "请先登录", 403: "无权这样做", 404: "已经不在了", 409: "与现有数据冲突", 412: "别人刚改过，请重新选择", 422: "图形或填写的内容不能用", other: "请求失败" },
  },
  en: {
    title: "Areas", fold: "Draw an area and see what lies in it", draw: "Draw", again: "Draw anew", finish: "Finish", clear: "Clear", choose: "areas", counting: "counting…",
    hint: "Click to set corners: {}; double click or Enter ends, Backspace takes one back, Esc gives up", few: "at least three corners", ended: "from {}",
    parcels: "Parcels", buildings: "Buildings", points: "Points", inside: "inside", hectares: "ha", planned: "to demolish", done: "done", m2: "m²",
    code: "Code", name: "Name", kind: "Kind", save: "Save as an area", end: "End today", remove: "Remove", sure: "Remove the area {}? Its history stays.", sureEnd: "Does the area {} end today?",
    figures: "Indicators", none: "no value",
    refused: { 401: "Sign in first", 403: "You may not do this", 404: "It is gone", 409: "It is at odds with what is there", 412: "Somebody has just changed it; choose it again", 422: "The shape or what is filled in cannot be used", other: "The request failed" },
  },
};
