//! A point as the fold of its events.

use spatial::Timestamp;

use super::{
    Closing, Event, EventId, EventKind, EvidenceId, Finding, Payload, PointId, Quantities, Rebound,
    Refusal, Rules, State, Supervision, guards,
    moment::{MINUTE_MS, later},
    table::{follows, next},
};

/// What became of an event that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Raised {
    /// It is the point's last event now.
    New,
    /// The point had it: nothing changed.
    Again,
}

/// A rectification point: the fold of its events, in the order in which they were raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    id: PointId,
    events: Vec<Event>,
    state: State,
    state_since: Timestamp,
    code: Option<String>,
    task: Option<String>,
    unit: Option<String>,
    receiver: Option<String>,
    person: Option<String>,
    registered_at: Option<Timestamp>,
    deadline: Option<Timestamp>,
    suspended_until: Option<Timestamp>,
    planned: Quantities,
    /// Each progress by its event, as it was corrected last.
    progress: Vec<(EventId, Quantities)>,
    /// What the last submission says, as long as it stands: neither taken back nor found untrue.
    claimed: Quantities,
    submitter: Option<String>,
    rebound_count: u32,
    closings: Vec<Closing>,
    rebounds: Vec<Rebound>,
    supervisions: Vec<Supervision>,
    merged_into: Option<PointId>,
    late_events: Vec<EventId>,
}

impl Point {
    /// Begins a point with its report.
    ///
    /// # Errors
    /// When the event is no report, when its role may not raise one, when it brings no unit, or
    /// when it lies ahead of the server's clock.
    pub fn report(id: PointId, event: &Event, rules: &Rules) -> Result<Self, Refusal> {
        guards::check_report(id, event)?;
        check_rules(id, event, rules)?;
        Ok(Self::begun(id, event, rules))
    }

    /// Adds an event, or says that the point has it.
    ///
    /// # Errors
    /// When the event may not follow the point's state, when its role may not raise it, when it
    /// is out of order and not backfilled, when it lacks something, or when the point has an event
    /// of the same id that tells something else. The point is then as it was.
    pub fn raise(&mut self, event: &Event, rules: &Rules) -> Result<Raised, Refusal> {
        if self.has(event)? {
            return Ok(Raised::Again);
        }
        self.check(event)?;
        check_rules(self.id, event, rules)?;
        self.apply(event, rules);
        Ok(Raised::New)
    }

    /// The point of a history that was raised before. Events that come twice count once. Roles and
    /// clocks are not asked again: that was done when an event was raised, perhaps under other
    /// rules.
    ///
    /// # Errors
    /// When the first event is no report; when an event may not follow the ones before it. No
    /// events at all are none of a point.
    pub fn fold<'a>(
        id: PointId,
        events: impl IntoIterator<Item = &'a Event>,
        rules: &Rules,
    ) -> Result<Option<Self>, Refusal> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else {
            return Ok(None);
        };
        guards::check_report(id, first)?;
        let mut point = Self::begun(id, first, rules);
        for event in events {
            point.add(event, rules)?;
        }
        Ok(Some(point))
    }

    /// Adds an event that was raised before, unless the point has it, as [`Point::fold`] does with
    /// each.
    ///
    /// # Errors
    /// When the event may not follow the ones before it. The point is then as it was.
    pub fn add(&mut self, event: &Event, rules: &Rules) -> Result<(), Refusal> {
        if !self.has(event)? {
            self.check(event)?;
            self.apply(event, rules);
        }
        Ok(())
    }

    /// Whether the point has the event already.
    fn has(&self, event: &Event) -> Result<bool, Refusal> {
        match self.events.iter().find(|known| known.id == event.id) {
            None => Ok(false),
            Some(known) if known.same_content(event) => Ok(true),
            Some(_) => Err(Refusal::OtherContent { point: self.id, event: event.id }),
        }
    }

    /// Whether an event that the point does not have may be its next one.
    fn check(&self, event: &Event) -> Result<(), Refusal> {
        let (point, state, kind) = (self.id, self.state, event.kind());
        if let Some(into) = self.merged_into {
            return Err(Refusal::Merged { point, into, kind });
        }
        if !follows(state, kind) {
            return Err(Refusal::WrongState { point, state, kind });
        }
        if event.occurred_at < self.state_since && !event.backfilled {
            let (occurred_at, since) = (event.occurred_at, self.state_since);
            return Err(Refusal::OutOfOrder { point, event: event.id, occurred_at, state, since });
        }
        guards::check(self, event)
    }

    fn begun(id: PointId, event: &Event, rules: &Rules) -> Self {
        let mut point = Self {
            id,
            events: Vec::new(),
            state: State::Reported,
            state_since: event.occurred_at,
            code: None,
            task: None,
            unit: None,
            receiver: None,
            person: None,
            registered_at: None,
            deadline: None,
            suspended_until: None,
            planned: Quantities::default(),
            progress: Vec::new(),
            claimed: Quantities::default(),
            submitter: None,
            rebound_count: 0,
            closings: Vec::new(),
            rebounds: Vec::new(),
            supervisions: Vec::new(),
            merged_into: None,
            late_events: Vec::new(),
        };
        point.apply(event, rules);
        point
    }

    /// Takes up an event that was checked.
    fn apply(&mut self, event: &Event, rules: &Rules) {
        let at = event.occurred_at;
        match &event.payload {
            Payload::Report { unit, .. } => self.unit.clone_from(unit),
            Payload::Register { code, task, unit, person, planned, deadline } => {
                self.code = Some(code.clone());
                self.task = Some(task.clone());
                self.unit = Some(unit.clone());
                self.person.clone_from(person);
                self.planned = *planned;
                self.deadline = Some(*deadline);
                self.registered_at = Some(at);
            }
            Payload::Dispatch { receiver, person } => {
                self.receiver = Some(receiver.clone());
                if person.is_some() {
                    self.person.clone_from(person);
                }
            }
            Payload::Return { .. } => self.receiver = None,
            Payload::Transfer { department, unit } => {
                self.receiver = Some(department.clone());
                if unit.is_some() {
                    self.unit.clone_from(unit);
                }
            }
            Payload::Suspend { until, .. } => self.suspended_until = Some(*until),
            Payload::Submit { actual, .. } => {
                self.submitter = Some(event.actor.clone());
                self.claimed = *actual;
            }
            Payload::Fail { .. } | Payload::Withdraw => self.claimed = Quantities::default(),
            Payload::DistrictClose { .. } => self.closings.push(Closing {
                event: event.id,
                at,
                deadline: self.deadline.unwrap_or(at),
                refuted_by: None,
            }),
            Payload::SpotCheck { finding: Finding::NeverCleared, .. } => {
                if let Some(closing) = self.closings.last_mut() {
                    closing.refuted_by = Some(event.id);
                }
                self.claimed = Quantities::default();
            }
            Payload::SpotCheck { finding: Finding::Reappeared, .. } | Payload::Rebound { .. } => {
                self.rebound_count += 1;
                self.rebounds.push(Rebound { event: event.id, at });
            }
            Payload::Extend { deadline, .. } => self.deadline = Some(*deadline),
            Payload::Merge { into } => self.merged_into = Some(*into),
            Payload::Progress { done } => {
                self.progress.push((event.id, *done));
            }
            Payload::Correct { of, quantities, .. } => {
                match self.progress.iter_mut().find(|(progress, _)| progress == of) {
                    Some((_, done)) => {
                        *done = quantities.over(*done);
                        // What was submitted by it is no more, either.
                        if self.progress().is_zero() {
                            self.claimed = Quantities::default();
                        }
                    }
                    None => self.planned = quantities.over(self.planned),
                }
            }
            Payload::Supervise { reply_by, .. } => self.supervisions.push(Supervision {
                event: event.id,
                at,
                reply_by: *reply_by,
                replied_at: None,
            }),
            Payload::Reply { to, .. } => {
                for asked in self.supervisions.iter_mut().filter(|asked| asked.event == *to) {
                    asked.replied_at = Some(at);
                }
            }
            Payload::Reject { .. }
            | Payload::Accept
            | Payload::Resume
            | Payload::TownVerify
            | Payload::SpotCheck { finding: Finding::Pass, .. }
            | Payload::Void { .. }
            | Payload::HoldAccountable { .. } => {}
        }
        self.enter(next(self.state, &event.payload), at);
        if event.is_late(rules) {
            self.late_events.push(event.id);
        }
        self.events.push(event.clone());
    }

    fn enter(&mut self, state: State, at: Timestamp) {
        if state != self.state {
            self.state = state;
            // A backfilled event may lie earlier; no state begins before the one that it follows.
            self.state_since = self.state_since.max(at);
        }
        if state != State::Suspended {
            self.suspended_until = None;
        }
    }
}

/// Whether the rules of today allow an event, whatever the point.
fn check_rules(point: PointId, event: &Event, rules: &Rules) -> Result<(), Refusal> {
    let (kind, role) = (event.kind(), event.role);
    if !rules.may_raise(role, kind) {
        let allowed = rules.roles.all().filter(|role| rules.may_raise(*role, kind));
        let allowed = allowed.map(|role| rules.roles.titled(role)).collect();
        let role = rules.roles.titled(role);
        return Err(Refusal::Role { point, kind, role, allowed });
    }
    let minutes = rules.ahead_minutes;
    if event.occurred_at > later(event.recorded_at, i64::from(minutes) * MINUTE_MS) {
        let (occurred_at, recorded_at) = (event.occurred_at, event.recorded_at);
        let event = event.id;
        return Err(Refusal::AheadOfClock { point, event, occurred_at, recorded_at, minutes });
    }
    if let Payload::Register { task, .. } = &event.payload
        && rules.tasks_are_all
        && rules.tasks.named(task).is_none()
    {
        return Err(Refusal::unknown_task(point, task, rules.tasks.codes()));
    }
    Ok(())
}

impl Point {
    /// The id.
    pub fn id(&self) -> PointId {
        self.id
    }

    /// Its events, in the order in which they were raised.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Since when it stands there: when the event happened that led to it, but not before the
    /// state that it follows began.
    pub fn state_since(&self) -> Timestamp {
        self.state_since
    }

    /// Whether it is on the ledger and still to be done.
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// Whether it counts as a point of the ledger: registered at some time and not void. Reports,
    /// rejected and merged ones too, do not count.
    pub fn is_counted(&self) -> bool {
        self.registered_at.is_some() && self.state != State::Void
    }

    /// Its number on the ledger, from registering on, also when it is void.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The task that it is counted under, from registering on.
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// The unit that is responsible: the one in whose area it was found until one is registered, and
    /// from a transfer that names one on, that one.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Who has it to do, from dispatching or transferring until it is returned.
    pub fn receiver(&self) -> Option<&str> {
        self.receiver.as_deref()
    }

    /// The person who is responsible.
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// When it went on the ledger; a point does so once.
    pub fn registered_at(&self) -> Option<Timestamp> {
        self.registered_at
    }

    /// Until when it is to be done, with every extension.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Until when work rests, while it is suspended.
    pub fn suspended_until(&self) -> Option<Timestamp> {
        self.suspended_until
    }

    /// What is to be done.
    pub fn planned(&self) -> Quantities {
        self.planned
    }

    /// What was done: the sum of all progress; without any, what the last submission says that
    /// stands.
    pub fn actual(&self) -> Quantities {
        let progress = self.progress();
        if progress.is_zero() { self.claimed } else { progress }
    }

    /// The sum of all progress.
    pub fn progress(&self) -> Quantities {
        // Guards let none in that cannot be added.
        sum(self.progress.iter().map(|(_, done)| *done)).unwrap_or_default()
    }

    /// Each progress by its event, in order, as it was corrected last.
    pub fn progress_by_event(&self) -> impl Iterator<Item = (EventId, Quantities)> {
        self.progress.iter().copied()
    }

    /// What the progress would add up to if that of one event, which may be a new one, were so much;
    /// none when it is beyond what can be counted.
    pub(super) fn progress_with(&self, event: EventId, done: Quantities) -> Option<Quantities> {
        let others = self.progress.iter().filter(|(other, _)| *other != event);
        sum(others.map(|(_, done)| *done).chain([done]))
    }

    /// Who submitted it last.
    pub fn submitter(&self) -> Option<&str> {
        self.submitter.as_deref()
    }

    /// How often it came back.
    pub fn rebound_count(&self) -> u32 {
        self.rebound_count
    }

    /// When it was closed, while it is.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let closing = self.closings.last().filter(|_| self.state == State::Closed);
        closing.map(|closing| closing.at)
    }

    /// When it was closed for the first time, also if that did not last.
    pub fn first_closed_at(&self) -> Option<Timestamp> {
        self.closings.first().map(|closing| closing.at)
    }

    /// Every closing, also those that did not last.
    pub fn closings(&self) -> &[Closing] {
        &self.closings
    }

    /// Every rebound.
    pub fn rebounds(&self) -> &[Rebound] {
        &self.rebounds
    }

    /// Every supervision, answered or not.
    pub fn supervisions(&self) -> &[Supervision] {
        &self.supervisions
    }

    /// Supervisions that wait for an answer. A void point owes none.
    pub fn open_supervisions(&self) -> impl Iterator<Item = &Supervision> {
        let is_void = self.state == State::Void;
        self.supervisions.iter().filter(move |asked| !is_void && asked.replied_at.is_none())
    }

    /// The first deadline among the answers that it owes.
    pub fn reply_by(&self) -> Option<Timestamp> {
        self.open_supervisions().map(|asked| asked.reply_by).min()
    }

    /// When the last spot check left it closed, while it is.
    pub fn checked_at(&self) -> Option<Timestamp> {
        let closing = self.closings.last().filter(|_| self.state == State::Closed)?;
        let since = self.events.iter().rev().take_while(|event| event.id != closing.event);
        since.filter(|event| event.kind() == EventKind::SpotCheck).map(|e| e.occurred_at).max()
    }

    /// The point that stands for this report, if it was merged.
    pub fn merged_into(&self) -> Option<PointId> {
        self.merged_into
    }

    /// Events of which the server heard late.
    pub fn late_events(&self) -> &[EventId] {
        &self.late_events
    }

    /// Whether a piece of evidence came with one of its events.
    pub fn has_evidence(&self, piece: EvidenceId) -> bool {
        self.events.iter().flat_map(|event| event.payload.evidence()).any(|known| known == piece)
    }
}

fn sum(mut parts: impl Iterator<Item = Quantities>) -> Option<Quantities> {
    parts.try_fold(Quantities::default(), Quantities::checked_add)
}
