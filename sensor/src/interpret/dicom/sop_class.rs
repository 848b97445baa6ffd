//! Names of service-object pair classes (PS3.6 annex A).

use super::Uid;

/// The name of a SOP class, if it is one of the common ones.
pub fn name(uid: &Uid) -> Option<&'static str> {
    let rest = uid.as_str().strip_prefix(ROOT)?;
    NAMES.iter().find(|(number, _)| *number == rest).map(|(_, name)| *name)
}

/// What DICOM's own UIDs begin with.
const ROOT: &str = "1.2.840.10008.";

const NAMES: &[(&str, &str)] = &[
    ("1.1", "Verification"),
    ("1.20.1", "Storage Commitment Push Model"),
    ("3.1.2.3.3", "Modality Performed Procedure Step"),
    ("3.1.2.3.4", "Modality Performed Procedure Step Retrieve"),
    ("3.1.2.3.5", "Modality Performed Procedure Step Notification"),
    ("5.1.1.1", "Basic Film Session"),
    ("5.1.1.2", "Basic Film Box"),
    ("5.1.1.4", "Basic Grayscale Image Box"),
    ("5.1.1.9", "Basic Grayscale Print Management Meta"),
    ("5.1.1.14", "Print Job"),
    ("5.1.1.16", "Printer"),
    ("5.1.1.18", "Basic Color Print Management Meta"),
    ("5.1.4.1.1.1", "Computed Radiography Image Storage"),
    ("5.1.4.1.1.1.1", "Digital X-Ray Image Storage - For Presentation"),
    ("5.1.4.1.1.1.1.1", "Digital X-Ray Image Storage - For Processing"),
    ("5.1.4.1.1.1.2", "Digital Mammography X-Ray Image Storage - For Presentation"),
    ("5.1.4.1.1.1.2.1", "Digital Mammography X-Ray Image Storage - For Processing"),
    ("5.1.4.1.1.1.3", "Digital Intra-Oral X-Ray Image Storage - For Presentation"),
    ("5.1.4.1.1.2", "CT Image Storage"),
    ("5.1.4.1.1.2.1", "Enhanced CT Image Storage"),
    ("5.1.4.1.1.3.1", "Ultrasound Multi-frame Image Storage"),
    ("5.1.4.1.1.4", "MR Image Storage"),
    ("5.1.4.1.1.4.1", "Enhanced MR Image Storage"),
    ("5.1.4.1.1.4.2", "MR Spectroscopy Storage"),
    ("5.1.4.1.1.6.1", "Ultrasound Image Storage"),
    ("5.1.4.1.1.7", "Secondary Capture Image Storage"),
    ("5.1.4.1.1.9.1.1", "12-lead ECG Waveform Storage"),
    ("5.1.4.1.1.9.1.2", "General ECG Waveform Storage"),
    ("5.1.4.1.1.9.1.3", "Ambulatory ECG Waveform Storage"),
    ("5.1.4.1.1.11.1", "Grayscale Softcopy Presentation State Storage"),
    ("5.1.4.1.1.12.1", "X-Ray Angiographic Image Storage"),
    ("5.1.4.1.1.12.2", "X-Ray Radiofluoroscopic Image Storage"),
    ("5.1.4.1.1.13.1.3", "Breast Tomosynthesis Image Storage"),
    ("5.1.4.1.1.20", "Nuclear Medicine Image Storage"),
    ("5.1.4.1.1.77.1.1", "VL Endoscopic Image Storage"),
    ("5.1.4.1.1.77.1.4", "VL Photographic Image Storage"),
    ("5.1.4.1.1.77.1.6", "VL Whole Slide Microscopy Image Storage"),
    ("5.1.4.1.1.88.11", "Basic Text SR Storage"),
    ("5.1.4.1.1.88.22", "Enhanced SR Storage"),
    ("5.1.4.1.1.88.33", "Comprehensive SR Storage"),
    ("5.1.4.1.1.88.59", "Key Object Selection Document Storage"),
    ("5.1.4.1.1.88.67", "X-Ray Radiation Dose SR Storage"),
    ("5.1.4.1.1.104.1", "Encapsulated PDF Storage"),
    ("5.1.4.1.1.128", "Positron Emission Tomography Image Storage"),
    ("5.1.4.1.1.130", "Enhanced PET Image Storage"),
    ("5.1.4.1.1.481.1", "RT Image Storage"),
    ("5.1.4.1.1.481.2", "RT Dose Storage"),
    ("5.1.4.1.1.481.3", "RT Structure Set Storage"),
    ("5.1.4.1.1.481.5", "RT Plan Storage"),
    ("5.1.4.1.2.1.1", "Patient Root Query/Retrieve - FIND"),
    ("5.1.4.1.2.1.2", "Patient Root Query/Retrieve - MOVE"),
    ("5.1.4.1.2.1.3", "Patient Root Query/Retrieve - GET"),
    ("5.1.4.1.2.2.1", "Study Root Query/Retrieve - FIND"),
    ("5.1.4.1.2.2.2", "Study Root Query/Retrieve - MOVE"),
    ("5.1.4.1.2.2.3", "Study Root Query/Retrieve - GET"),
    ("5.1.4.31", "Modality Worklist - FIND"),
    ("5.1.4.34.6.1", "Unified Procedure Step - Push"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_class_has_a_name_of_its_own() {
        assert_eq!(NAMES.iter().map(|row| row.0).collect::<BTreeSet<_>>().len(), NAMES.len());
        assert_eq!(NAMES.iter().map(|row| row.1).collect::<BTreeSet<_>>().len(), NAMES.len());
        let named = |uid: &[u8]| name(&Uid::read(uid).unwrap());
        assert_eq!(named(b"1.2.840.10008.5.1.4.1.1.2"), Some("CT Image Storage"));
        assert_eq!(named(b"1.2.840.10008.5.1.4.1.1.2.9"), None);
        assert_eq!(named(b"5.1.4.1.1.2"), None);
    }
}
