//! Where in a document: a JSON pointer that is only written when there is something to report.

use std::fmt;

/// A place, as a list from the value up to the document.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Root,
    Member(&'a str),
    Element(usize),
}

impl<'a> Place<'a> {
    /// The document.
    pub fn root() -> Self {
        Place {
            parent: None,
            part: Part::Root,
        }
    }

    /// A member of the object at this place.
    pub fn member(&'a self, name: &'a str) -> Place<'a> {
        Place {
            parent: Some(self),
            part: Part::Member(name),
        }
    }

    /// An element of the array at this place.
    pub fn element(&'a self, index: usize) -> Place<'a> {
        Place {
            parent: Some(self),
            part: Part::Element(index),
        }
    }
}

impl fmt::Display for Place<'_> {
    /// The JSON pointer (RFC 6901).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.part {
            Part::Root => Ok(()),
            Part::Element(index) => write!(f, "/{index}"),
            Part::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_escaped() {
        let root = Place::root();
        assert_eq!(root.to_string(), "");
        let runs = root.member("a/b~c");
        assert_eq!(runs.element(3).to_string(), "/a~1b~0c/3");
    }
}
