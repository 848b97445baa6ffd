//! Which applications and devices are clinical.

use sensor_common::application::Application;

use super::estate::Estate;
use crate::inventory::DeviceId;

/// Applications that only medical devices and their servers speak. What of them is seen carries
/// patients' data in clear: with TLS it would be called TLS.
pub const APPLICATIONS: [Application; 11] = [
    Application::Astm,
    Application::Dicom,
    Application::Dicomweb,
    Application::Fhir,
    Application::GeUnity,
    Application::Hl7,
    Application::Ihe,
    Application::Intellivue,
    Application::PersonalHealthDevice,
    Application::Poct1a,
    Application::Sdc,
];

/// Whether the device is a medical one, by role or by what it speaks.
pub fn is_clinical(estate: &Estate<'_>, id: DeviceId) -> bool {
    let speaks = estate.device(id).is_some_and(|device| {
        APPLICATIONS.iter().any(|application| device.applications.contains(application))
    });
    speaks || estate.has_role(id, "medical") || estate.has_role(id, "life_critical")
}
