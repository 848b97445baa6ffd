//! DICOM upper layer PDUs (PS3.8 section 9.3) and the DIMSE commands inside
//! them (PS3.7 section 6.3, annex E): octets only, see [`super::imaging`] for
//! the conversation.

/// SOP classes and transfer syntaxes (PS3.6 annex A).
pub mod uid {
    pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
    pub const VERIFICATION: &str = "1.2.840.10008.1.1";
    pub const CT_IMAGE_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
    pub const ULTRASOUND_IMAGE_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.6.1";
    pub const IMPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";
    pub const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
    /// A UUID-derived identifier (PS3.5 annex B.2) of this laboratory.
    pub const LABORATORY: &str = "2.25.225671489356010263710492837461928374";
}

pub const IMPLEMENTATION_VERSION: &str = "WARDLINE_LAB_1";
pub const MAXIMUM_PDU_LENGTH: u32 = 16_384;

/// What a caller proposes when it opens an association.
#[derive(Clone, Debug)]
pub struct AssociationProposal<'a> {
    pub called_ae_title: &'a str,
    pub calling_ae_title: &'a str,
    /// One presentation context for each, numbered 1, 3, 5, …
    pub abstract_syntaxes: &'a [&'a str],
    pub implementation_class_uid: &'a str,
    pub implementation_version: &'a str,
}

pub(crate) fn item(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut item = vec![kind, 0];
    item.extend((content.len() as u16).to_be_bytes());
    item.extend_from_slice(content);
    item
}

pub(crate) fn pdu(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut pdu = vec![kind, 0];
    pdu.extend((content.len() as u32).to_be_bytes());
    pdu.extend_from_slice(content);
    pdu
}

/// 16 characters, padded with spaces.
fn ae_title(title: &str) -> [u8; 16] {
    let mut padded = [b' '; 16];
    for (place, octet) in padded.iter_mut().zip(title.bytes()) {
        *place = octet;
    }
    padded
}

fn user_information(class_uid: &str, version: &str) -> Vec<u8> {
    let content = [
        item(0x51, &MAXIMUM_PDU_LENGTH.to_be_bytes()),
        item(0x52, class_uid.as_bytes()),
        item(0x55, version.as_bytes()),
    ];
    item(0x50, &content.concat())
}

/// Octets 7 to 74 of a request or its acceptance: protocol version, called and
/// calling AE title, reserved.
fn association_head(called: &str, calling: &str) -> Vec<u8> {
    let mut head = vec![0, 1, 0, 0];
    head.extend(ae_title(called));
    head.extend(ae_title(calling));
    head.extend([0; 32]);
    head
}

impl AssociationProposal<'_> {
    /// The A-ASSOCIATE-RQ PDU (PS3.8 section 9.3.2).
    pub fn request(&self) -> Vec<u8> {
        let mut content = association_head(self.called_ae_title, self.calling_ae_title);
        content.extend(item(0x10, uid::APPLICATION_CONTEXT.as_bytes()));
        for (position, abstract_syntax) in self.abstract_syntaxes.iter().enumerate() {
            let context = [
                vec![context_id(position), 0, 0, 0],
                item(0x30, abstract_syntax.as_bytes()),
                item(0x40, uid::IMPLICIT_LITTLE_ENDIAN.as_bytes()),
                item(0x40, uid::EXPLICIT_LITTLE_ENDIAN.as_bytes()),
            ];
            content.extend(item(0x20, &context.concat()));
        }
        content
            .extend(user_information(self.implementation_class_uid, self.implementation_version));
        pdu(1, &content)
    }
}

/// Presentation context ids are odd.
pub fn context_id(position: usize) -> u8 {
    (2 * position + 1) as u8
}

/// A request to verify and to store CT and ultrasound images.
pub fn dicom_association_request(called: &str, calling: &str) -> Vec<u8> {
    AssociationProposal {
        called_ae_title: called,
        calling_ae_title: calling,
        abstract_syntaxes: &[
            uid::VERIFICATION,
            uid::CT_IMAGE_STORAGE,
            uid::ULTRASOUND_IMAGE_STORAGE,
        ],
        implementation_class_uid: uid::LABORATORY,
        implementation_version: IMPLEMENTATION_VERSION,
    }
    .request()
}

/// The A-ASSOCIATE-AC PDU that accepts `contexts` presentation contexts.
pub fn dicom_association_acceptance(called: &str, calling: &str, contexts: usize) -> Vec<u8> {
    let mut content = association_head(called, calling);
    content.extend(item(0x10, uid::APPLICATION_CONTEXT.as_bytes()));
    for position in 0..contexts {
        let context = [
            vec![context_id(position), 0, 0, 0],
            item(0x40, uid::IMPLICIT_LITTLE_ENDIAN.as_bytes()),
        ];
        content.extend(item(0x21, &context.concat()));
    }
    content.extend(user_information(uid::LABORATORY, IMPLEMENTATION_VERSION));
    pdu(2, &content)
}

/// The A-ASSOCIATE-RJ PDU: rejected permanently, called AE title not recognised.
pub fn dicom_association_rejection() -> Vec<u8> {
    pdu(3, &[0, 1, 1, 7])
}

pub fn dicom_release_request() -> Vec<u8> {
    pdu(5, &[0; 4])
}

pub fn dicom_release_response() -> Vec<u8> {
    pdu(6, &[0; 4])
}

pub fn dicom_abort() -> Vec<u8> {
    pdu(7, &[0, 0, 0, 0])
}

/// A P-DATA-TF PDU with one presentation data value. `control`: bit 0 for a
/// command, bit 1 for the last fragment.
pub fn dicom_data(context: u8, control: u8, content: &[u8]) -> Vec<u8> {
    let mut value = (content.len() as u32 + 2).to_be_bytes().to_vec();
    value.extend([context, control]);
    value.extend_from_slice(content);
    pdu(4, &value)
}

/// One element in implicit VR little endian, padded to an even length.
pub(crate) fn element(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let even = value.len().next_multiple_of(2);
    let mut element = Vec::with_capacity(8 + even);
    element.extend(group.to_le_bytes());
    element.extend(number.to_le_bytes());
    element.extend((even as u32).to_le_bytes());
    element.extend_from_slice(value);
    element.resize(8 + even, 0);
    element
}

pub(crate) fn command(elements: &[Vec<u8>]) -> Vec<u8> {
    let body = elements.concat();
    let mut command = element(0, 0, &(body.len() as u32).to_le_bytes());
    command.extend(body);
    command
}

const NO_DATA_SET: u16 = 0x0101;
const SUCCESS: u16 = 0x0000;

/// Command fields of the DIMSE-C services in use (PS3.7 table E.1-1).
pub const C_STORE: u16 = 0x0001;
pub const C_ECHO: u16 = 0x0030;
const RESPONSE: u16 = 0x8000;

pub fn dicom_echo_request(message_id: u16) -> Vec<u8> {
    let command = command(&[
        element(0, 0x0002, uid::VERIFICATION.as_bytes()),
        element(0, 0x0100, &C_ECHO.to_le_bytes()),
        element(0, 0x0110, &message_id.to_le_bytes()),
        element(0, 0x0800, &NO_DATA_SET.to_le_bytes()),
    ]);
    dicom_data(context_id(0), 0x03, &command)
}

/// The command of a C-STORE request; the image follows in data PDUs.
pub fn dicom_store_request(
    context: u8,
    message_id: u16,
    sop_class: &str,
    instance: &str,
) -> Vec<u8> {
    let command = command(&[
        element(0, 0x0002, sop_class.as_bytes()),
        element(0, 0x0100, &C_STORE.to_le_bytes()),
        element(0, 0x0110, &message_id.to_le_bytes()),
        element(0, 0x0700, &0_u16.to_le_bytes()),
        element(0, 0x0800, &1_u16.to_le_bytes()),
        element(0, 0x1000, instance.as_bytes()),
    ]);
    dicom_data(context, 0x03, &command)
}

/// The command of a query, and an identifier that asks for every patient.
pub fn dicom_query(context: u8, command_field: u16, message_id: u16, sop_class: &str) -> Vec<u8> {
    let command = command(&[
        element(0, 0x0002, sop_class.as_bytes()),
        element(0, 0x0100, &command_field.to_le_bytes()),
        element(0, 0x0110, &message_id.to_le_bytes()),
        element(0, 0x0700, &0_u16.to_le_bytes()),
        element(0, 0x0800, &1_u16.to_le_bytes()),
    ]);
    let identifier = [element(0x0010, 0x0010, b"*"), element(0x0010, 0x0020, b"")].concat();
    [dicom_data(context, 0x03, &command), dicom_data(context, 0x02, &identifier)].concat()
}

/// Success, for the request with this command field.
pub fn dicom_response(
    context: u8,
    command_field: u16,
    message_id: u16,
    sop_class: &str,
) -> Vec<u8> {
    let command = command(&[
        element(0, 0x0002, sop_class.as_bytes()),
        element(0, 0x0100, &(command_field | RESPONSE).to_le_bytes()),
        element(0, 0x0120, &message_id.to_le_bytes()),
        element(0, 0x0800, &NO_DATA_SET.to_le_bytes()),
        element(0, 0x0900, &SUCCESS.to_le_bytes()),
    ]);
    dicom_data(context, 0x03, &command)
}

/// A synthetic image of about `pixel_octets` octets of grey ramp.
pub fn dicom_image(
    sop_class: &str,
    instance: &str,
    modality: &str,
    pixel_octets: usize,
) -> Vec<u8> {
    let columns = 256_u16;
    let rows = (pixel_octets / 512).clamp(1, usize::from(u16::MAX)) as u16;
    let pixels: Vec<u8> = (0..usize::from(rows) * 256)
        .flat_map(|place| (place as u16 % 4096).to_le_bytes())
        .collect();
    [
        element(0x0008, 0x0016, sop_class.as_bytes()),
        element(0x0008, 0x0018, instance.as_bytes()),
        element(0x0008, 0x0060, modality.as_bytes()),
        element(0x0010, 0x0010, super::CANARY_PATIENT.as_bytes()),
        element(0x0010, 0x0020, b"CANARY-0001"),
        element(0x0028, 0x0010, &rows.to_le_bytes()),
        element(0x0028, 0x0011, &columns.to_le_bytes()),
        element(0x7fe0, 0x0010, &pixels),
    ]
    .concat()
}

/// The data PDUs that carry a data set within the maximum PDU length.
pub fn dicom_data_set(context: u8, data_set: &[u8]) -> Vec<Vec<u8>> {
    let room = MAXIMUM_PDU_LENGTH as usize - 6;
    let pieces = data_set.len().div_ceil(room);
    data_set
        .chunks(room)
        .enumerate()
        .map(|(index, piece)| {
            dicom_data(context, if index + 1 == pieces { 0x02 } else { 0x00 }, piece)
        })
        .collect()
}

/// Framing: the PDU length at octets 3 to 6.
pub fn pdu_length(heard: &[u8]) -> Option<usize> {
    let length: [u8; 4] = heard.get(2..6)?.try_into().ok()?;
    Some(6 + u32::from_be_bytes(length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_keeps_called_and_calling_title_at_their_places() {
        let request = dicom_association_request("PACS_MAIN", "CT_ROOM_1");
        assert_eq!(pdu_length(&request), Some(request.len()));
        assert_eq!(&request[10..26], b"PACS_MAIN       ");
        assert_eq!(&request[26..42], b"CT_ROOM_1       ");
        assert_eq!(request[74], 0x10, "application context item");
    }

    #[test]
    fn data_set_fits_the_maximum_pdu_length_and_marks_only_the_last_piece() {
        let pieces = dicom_data_set(3, &[0; 40_000]);
        assert!(pieces.iter().all(|piece| piece.len() - 6 <= MAXIMUM_PDU_LENGTH as usize));
        let controls: Vec<u8> = pieces.iter().map(|piece| piece[11]).collect();
        assert_eq!(controls, [0, 0, 2]);
    }
}
