//! Whose software an implementation class UID (PS3.7 annex D.3.3.2) is, by the root that its owner
//! was given.
//!
//! The rows marked as such were seen in the laboratory, in the maker's conformance statement or
//! software, or in objects that name the maker beside the UID. The others are common knowledge that
//! was not checked.

use super::Uid;

/// Who gave an implementation its UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    pub name: &'static str,
    /// A library that other makers build upon: it says little of the device.
    pub is_toolkit: bool,
    pub is_checked: bool,
}

pub fn of(implementation_class: &Uid) -> Option<Maker> {
    let row = ROOTS.iter().find(|(root, ..)| implementation_class.is_below(root))?;
    let &(_, name, is_toolkit, is_checked) = row;
    Some(Maker { name, is_toolkit, is_checked })
}

const ROOTS: &[(&str, &str, bool, bool)] = &[
    ("1.2.276.0.7230010.3", "OFFIS DCMTK", true, true),
    ("1.2.826.0.1.3680043.9.3811", "pynetdicom", true, true),
    ("1.2.40.0.13.1", "dcm4che", true, true),
    ("1.3.6.1.4.1.30071.8", "fo-dicom", true, true),
    ("1.2.826.0.1.3680043.2.1143", "GDCM", true, true),
    ("2.25.262086406829110419931297894772577063974", "DICOM-rs", true, true),
    ("1.2.840.113619", "GE HealthCare", false, true),
    ("1.3.12.2.1107", "Siemens Healthineers", false, true),
    ("1.3.46.670589", "Philips", false, true),
    ("1.2.392.200036.9116", "Canon Medical (Toshiba)", false, true),
    ("1.2.392.200036.9125", "Fujifilm", false, true),
    ("1.2.246.352", "Varian", false, true),
    ("1.2.840.113681", "Hologic", false, true),
    ("1.3.51", "Agfa", false, false),
    ("1.2.392.200036.9107", "Konica Minolta", false, false),
    ("1.2.840.113564", "Carestream (Kodak)", false, false),
    ("1.2.752.24", "Sectra", false, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_names_its_owner() {
        let maker = |uid: &[u8]| of(&Uid::read(uid).unwrap()).map(|maker| maker.name);
        assert_eq!(maker(b"1.2.276.0.7230010.3.0.3.6.7"), Some("OFFIS DCMTK"));
        assert_eq!(maker(b"1.2.840.113619.6.5"), Some("GE HealthCare"));
        assert_eq!(maker(b"1.2.840.1136190.6.5"), None);
        assert_eq!(maker(b"1.2.3"), None);
    }
}
