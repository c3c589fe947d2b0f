//! How serious the notifications of a run are (§3.58.6).

use std::borrow::Cow;

use super::level::Level;
use super::lookup::{Described, Table};
use super::model::{Descriptor, Invocation, Notification, Reference, Tool};
use super::raw::Raw;
use super::read::Member;
use super::rule::components;

/// What the tool says of its notifications.
#[derive(Debug, Default)]
pub(crate) struct Notifications<'d>(Table<'d, Facts<'d>>);

#[derive(Debug, Default)]
struct Facts<'d> {
    id: Option<Cow<'d, str>>,
    guid: Option<Cow<'d, str>>,
    level: Option<Level>,
}

impl<'d> Facts<'d> {
    fn of(descriptor: &Descriptor<'d>) -> Self {
        Facts {
            id: descriptor.id.filled(),
            guid: descriptor.guid.filled(),
            level: descriptor
                .configuration
                .get()
                .and_then(|configuration| Level::parse(&configuration.level.text()?)),
        }
    }
}

impl<'d> Described<'d> for Facts<'d> {
    fn id(&self) -> Option<&Cow<'d, str>> {
        self.id.as_ref()
    }

    fn guid(&self) -> Option<&Cow<'d, str>> {
        self.guid.as_ref()
    }
}

impl<'d> Notifications<'d> {
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn of(tool: Option<&Tool<'d>>) -> crate::Result<Self> {
        let count = components(tool)
            .flatten()
            .map(|component| component.notifications.items.len())
            .sum();
        let mut table = Table::with_room(count)?;
        for component in components(tool) {
            let items = component.map_or(&[][..], |component| &component.notifications.items);
            let facts = items
                .iter()
                .map(|item| item.get().map(Facts::of).unwrap_or_default());
            table.add(component, facts);
        }
        table.finish().map(Notifications)
    }

    /// The level of a notification: its own, else that of the invocation's configuration override, else its descriptor's, else
    /// warning.
    pub(crate) fn level(&self, notification: Raw<'_>, invocation: &Invocation<'_>) -> Level {
        let notification: Member<Notification<'_>> = notification.read();
        let notification = notification.into_inner();
        let own = notification.level.text().and_then(|word| Level::parse(&word));
        own.or_else(|| self.configured(notification.descriptor.get()?, invocation))
            .unwrap_or(Level::Warning)
    }

    fn configured(&self, reference: &Reference<'_>, invocation: &Invocation<'_>) -> Option<Level> {
        let descriptor = self.0.resolve(reference);
        let is_same = |other: &Reference<'_>| match (descriptor, self.0.resolve(other)) {
            (None, None) => {
                let id = reference.id.filled();
                id.is_some() && id == other.id.filled()
            }
            (one, other) => one == other,
        };
        let overridden = invocation
            .notification_overrides
            .items
            .iter()
            .filter_map(Member::get)
            .filter(|item| item.descriptor.get().is_some_and(is_same))
            .find_map(|item| Level::parse(&item.configuration.get()?.level.text()?));
        overridden.or_else(|| self.0.facts.get(descriptor?)?.level)
    }

    /// The notifications of level error.
    pub(crate) fn errors(&self, invocations: &[Invocation<'_>]) -> usize {
        let of_invocation = |invocation: &Invocation<'_>| {
            notifications(invocation)
                .filter(|notification| self.level(**notification, invocation) == Level::Error)
                .count()
        };
        invocations.iter().map(of_invocation).sum()
    }
}

/// All notifications of an invocation, as written.
fn notifications<'a, 'd>(invocation: &'a Invocation<'d>) -> impl Iterator<Item = &'a Raw<'d>> {
    let execution = &invocation.execution_notifications.items;
    execution
        .iter()
        .chain(&invocation.configuration_notifications.items)
}
