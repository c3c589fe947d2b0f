//! How a reference finds what it denotes (§3.52, §3.54): a component by index, guid or name, and in it a descriptor by index,
//! guid or id.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use crate::task::{out_of_memory, try_vec};

use super::model::{ComponentReference, Reference, ToolComponent};
use super::raw::{Index, Raw};
use super::warning::{Warning, Warnings};

/// What can be referred to: a rule, a notification's descriptor, a taxon.
pub(crate) trait Described<'d> {
    fn id(&self) -> Option<&Cow<'d, str>>;
    fn guid(&self) -> Option<&Cow<'d, str>>;
}

/// A tool component: the driver, an extension, a taxonomy.
#[derive(Debug, Default)]
pub(crate) struct Component<'d> {
    pub(crate) name: Option<Cow<'d, str>>,
    guid: Option<Cow<'d, str>>,
    pub(crate) global_message_strings: Raw<'d>,
    /// The component's descriptors within [`Table::facts`].
    first: usize,
    pub(crate) count: usize,
}

/// The descriptors of one sort that the components of a run have.
#[derive(Debug)]
pub(crate) struct Table<'d, T> {
    pub(crate) components: Vec<Component<'d>>,
    /// The descriptors of all components, one after the other.
    pub(crate) facts: Vec<T>,
    /// The first descriptor with an id, in each component.
    by_id: HashMap<Cow<'d, str>, Vec<(usize, usize)>>,
    /// The descriptors with a guid, in the order of those.
    by_guid: Vec<usize>,
}

impl<T> Default for Table<'_, T> {
    fn default() -> Self {
        Table {
            components: Vec::new(),
            facts: Vec::new(),
            by_id: HashMap::new(),
            by_guid: Vec::new(),
        }
    }
}

/// The outcome of a look-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// The position in [`Table::facts`].
    pub(crate) rule: Option<usize>,
    /// The position in [`Table::components`] that is referred to.
    pub(crate) component: usize,
}

/// The component that a reference means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meant {
    /// None is named.
    Default,
    /// The one at this position.
    Is(usize),
    /// A name alone, which no component has.
    Unnamed,
    /// One that the run does not have.
    Unknown,
}

impl<'d, T: Described<'d>> Table<'d, T> {
    /// A table with room for so many descriptors.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn with_room(count: usize) -> crate::Result<Self> {
        let mut table = Table {
            facts: try_vec(count)?,
            ..Table::default()
        };
        table.by_id.try_reserve(count).map_err(|_| out_of_memory())?;
        Ok(table)
    }

    /// Adds a component, and the descriptors that it has.
    pub(crate) fn add(
        &mut self,
        component: Option<&ToolComponent<'d>>,
        descriptors: impl Iterator<Item = T>,
    ) {
        let (at, first) = (self.components.len(), self.facts.len());
        for descriptor in descriptors {
            if let Some(id) = descriptor.id() {
                let entries = self.by_id.entry(id.clone()).or_default();
                if entries.iter().all(|(component, _)| *component != at) {
                    entries.push((at, self.facts.len()));
                }
            }
            self.facts.push(descriptor);
        }
        self.components.push(Component {
            name: component.and_then(|component| component.name.filled()),
            guid: component.and_then(|component| component.guid.filled()),
            global_message_strings: component
                .map_or(Raw::Absent, |component| component.global_message_strings),
            first,
            count: self.facts.len() - first,
        });
    }

    /// To be called when all components have been added.
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn finish(mut self) -> crate::Result<Self> {
        let with_guid = || (0..self.facts.len()).filter(|at| self.guid(*at).is_some());
        let mut by_guid = try_vec(with_guid().count())?;
        by_guid.extend(with_guid());
        by_guid.sort_unstable_by(|a, b| {
            let guids = compare(
                self.guid(*a).unwrap_or_default(),
                self.guid(*b).unwrap_or_default(),
            );
            guids.then(a.cmp(b))
        });
        self.by_guid = by_guid;
        Ok(self)
    }

    fn guid(&self, at: usize) -> Option<&str> {
        self.facts.get(at)?.guid().map(AsRef::as_ref)
    }

    /// What a reference denotes in a table of a tool, whose first component is the driver. `index` and `id` may come from elsewhere
    /// than the reference. A stated id wins over an index that leads to another.
    pub(crate) fn look_up(
        &self,
        reference: Option<&Reference<'_>>,
        index: Index,
        id: Option<&str>,
        warnings: &mut Warnings,
    ) -> Found {
        let meant = reference
            .and_then(|reference| reference.component.get())
            .map_or(Meant::Default, |component| self.component(component, 1));
        warnings.add_if(
            matches!(meant, Meant::Unnamed | Meant::Unknown),
            Warning::ToolComponentUnresolved,
        );
        let component = match meant {
            Meant::Is(component) => component,
            Meant::Default | Meant::Unnamed | Meant::Unknown => 0,
        };
        let found = |rule| Found { rule, component };
        // The index counts in a component that is not there.
        let is_unknown = meant == Meant::Unknown;
        let at_index = match index {
            Index::At(index) if !is_unknown => self.at(component, index),
            _ => None,
        };
        warnings.add_if(
            at_index.is_none() && index != Index::Absent && !is_unknown,
            Warning::RuleIndexOutOfRange,
        );
        if let Some(rule) = at_index {
            let own = self.facts.get(rule).and_then(T::id);
            if id.is_none_or(|id| own.is_some_and(|own| is_extension(id, own))) {
                return found(Some(rule));
            }
            warnings.add(Warning::RuleIndexMismatch);
        }
        if let Some(guid) = reference.and_then(|reference| reference.guid.filled())
            && let Some(rule) = self.by_guid(component, &guid)
        {
            return found(Some(rule));
        }
        if let Some(rule) = id.and_then(|id| self.by_id(component, id)) {
            return found(Some(rule));
        }
        found(at_index)
    }

    /// What a reference in a tool denotes.
    pub(crate) fn resolve(&self, reference: &Reference<'_>) -> Option<usize> {
        let id = reference.id.filled();
        self.look_up(
            Some(reference),
            reference.index.index(),
            id.as_deref(),
            &mut Warnings::default(),
        )
        .rule
    }

    /// The component that a reference means: by index, from `first` on, else by guid, and as a last resort by name.
    pub(crate) fn component(&self, reference: &ComponentReference<'_>, first: usize) -> Meant {
        let index = reference.index.index();
        if let Index::At(index) = index
            && let Some(at) = index.checked_add(first).filter(|at| *at < self.components.len())
        {
            return Meant::Is(at);
        }
        let position = |matches: &dyn Fn(&Component<'_>) -> bool| self.components.iter().position(matches);
        let guid = reference.guid.filled();
        let by_guid = guid.as_deref().and_then(|guid| {
            position(&|component| {
                component
                    .guid
                    .as_deref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(guid))
            })
        });
        if let Some(at) = by_guid {
            return Meant::Is(at);
        }
        let name = reference.name.filled();
        let by_name = name
            .as_deref()
            .and_then(|name| position(&|component| component.name.as_deref() == Some(name)));
        match (by_name, index, guid, name) {
            (Some(at), ..) => Meant::Is(at),
            (None, Index::Absent, None, None) => Meant::Default,
            (None, Index::Absent, None, Some(_)) => Meant::Unnamed,
            _ => Meant::Unknown,
        }
    }

    /// The descriptor at an index of a component.
    pub(crate) fn at(&self, component: usize, index: usize) -> Option<usize> {
        let component = self.components.get(component)?;
        (index < component.count).then_some(component.first + index)
    }

    /// The component that a descriptor is of.
    pub(crate) fn component_of(&self, descriptor: usize) -> Option<usize> {
        self.components
            .iter()
            .position(|component| (component.first..component.first + component.count).contains(&descriptor))
    }

    /// The first descriptor with the guid in the component, else in any: a guid is one thing's alone.
    pub(crate) fn by_guid(&self, component: usize, guid: &str) -> Option<usize> {
        let own = |at: &usize| self.guid(*at).unwrap_or_default();
        let from = self
            .by_guid
            .partition_point(|at| compare(own(at), guid) == Ordering::Less);
        let mut equal = self
            .by_guid
            .get(from..)?
            .iter()
            .take_while(|at| own(at).eq_ignore_ascii_case(guid))
            .copied();
        let first = equal.next()?;
        let own = self.components.get(component).map_or(0..0, |component| {
            component.first..component.first + component.count
        });
        if own.contains(&first) {
            return Some(first);
        }
        Some(equal.find(|at| own.contains(at)).unwrap_or(first))
    }

    /// The exact id in the component, the driver, the extensions; then the id without its last parts.
    fn by_id(&self, component: usize, id: &str) -> Option<usize> {
        let mut candidate = id;
        loop {
            if let Some(entries) = self.by_id.get(candidate) {
                let here = entries.iter().find(|(at, _)| *at == component);
                return here.or_else(|| entries.first()).map(|(_, rule)| *rule);
            }
            candidate = candidate.rsplit_once('/')?.0;
        }
    }
}

/// Orders guids without regard to the case of their letters.
fn compare(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

/// Whether `id` is `base`, or `base` and further components.
fn is_extension(id: &str, base: &str) -> bool {
    id.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
