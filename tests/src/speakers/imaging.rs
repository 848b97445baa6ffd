//! DICOM associations over TCP: verification and storage.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};
use super::dicom::{
    AssociationProposal, C_ECHO, C_STORE, IMPLEMENTATION_VERSION, context_id,
    dicom_association_acceptance, dicom_data_set, dicom_echo_request, dicom_image,
    dicom_release_request, dicom_release_response, dicom_response, dicom_store_request, pdu_length,
    uid,
};

/// Who calls whom, by application entity title.
#[derive(Clone, Copy, Debug)]
pub struct Titles<'a> {
    pub called: &'a str,
    pub calling: &'a str,
}

fn unexpected(expected: u8, pdu: &[u8]) -> io::Error {
    let kind = pdu.first().copied().unwrap_or(0);
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("expected DICOM PDU type {expected}, heard {kind}"),
    )
}

fn hear_pdu(call: &mut Call, expected: u8) -> io::Result<Vec<u8>> {
    let pdu = call.expect_answer(pdu_length)?;
    if pdu.first() == Some(&expected) { Ok(pdu) } else { Err(unexpected(expected, &pdu)) }
}

fn associate(
    server: SocketAddr,
    titles: Titles<'_>,
    abstract_syntaxes: &[&str],
) -> io::Result<Call> {
    let mut call = Call::to(server)?;
    let proposal = AssociationProposal {
        called_ae_title: titles.called,
        calling_ae_title: titles.calling,
        abstract_syntaxes,
        implementation_class_uid: uid::LABORATORY,
        implementation_version: IMPLEMENTATION_VERSION,
    };
    call.say(&proposal.request())?;
    hear_pdu(&mut call, 2)?;
    Ok(call)
}

fn release(mut call: Call) -> io::Result<Spoken> {
    call.say(&dicom_release_request())?;
    hear_pdu(&mut call, 6)?;
    call.hang_up()
}

/// Opens an association, verifies it with a C-ECHO and releases it.
pub fn verify(server: SocketAddr, titles: Titles<'_>) -> io::Result<Spoken> {
    let mut call = associate(server, titles, &[uid::VERIFICATION])?;
    call.say(&dicom_echo_request(1))?;
    hear_pdu(&mut call, 4)?;
    release(call)
}

/// Stores one synthetic image of about `pixel_octets`.
pub fn store(
    server: SocketAddr,
    titles: Titles<'_>,
    sop_class: &str,
    pixel_octets: usize,
) -> io::Result<Spoken> {
    let mut call = associate(server, titles, &[uid::VERIFICATION, sop_class])?;
    let instance = format!("{}.{pixel_octets}", uid::LABORATORY);
    let modality = if sop_class == uid::CT_IMAGE_STORAGE { "CT" } else { "US" };
    let context = context_id(1);
    call.say(&dicom_store_request(context, 1, sop_class, &instance))?;
    for piece in dicom_data_set(context, &dicom_image(sop_class, &instance, modality, pixel_octets))
    {
        call.say(&piece)?;
    }
    hear_pdu(&mut call, 4)?;
    release(call)
}

/// The archive's side: accepts every association, answers C-ECHO, and answers
/// C-STORE once the whole data set has come.
pub fn archive(call: &mut Call) -> io::Result<()> {
    let mut storing = None;
    while let Some(pdu) = call.hear(pdu_length)? {
        match pdu.first() {
            Some(1) if pdu.len() >= 42 => {
                let title = |range: std::ops::Range<usize>| {
                    String::from_utf8_lossy(&pdu[range]).into_owned()
                };
                let contexts = proposed_contexts(&pdu[74..]);
                call.say(&dicom_association_acceptance(
                    title(10..26).trim(),
                    title(26..42).trim(),
                    contexts,
                ))?;
            }
            Some(4) if pdu.len() >= 12 => {
                let (context, control) = (pdu[10], pdu[11]);
                if control & 1 == 1 {
                    match command_field(&pdu[12..]) {
                        Some(C_ECHO) => {
                            call.say(&dicom_response(context, C_ECHO, 1, uid::VERIFICATION))?
                        }
                        Some(C_STORE) => storing = Some(context),
                        _ => return Err(unexpected(4, &pdu)),
                    }
                } else if let (Some(context), 2) = (storing, control) {
                    call.say(&dicom_response(context, C_STORE, 1, uid::CT_IMAGE_STORAGE))?;
                }
            }
            Some(5) => return call.say(&dicom_release_response()),
            _ => return Err(unexpected(1, &pdu)),
        }
    }
    Ok(())
}

/// The number of presentation context items among the variable items.
fn proposed_contexts(mut items: &[u8]) -> usize {
    let mut contexts = 0;
    while let [kind, _, high, low, rest @ ..] = items {
        contexts += usize::from(*kind == 0x20);
        items = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or(&[]);
    }
    contexts
}

/// The value of element (0000,0100).
fn command_field(mut elements: &[u8]) -> Option<u16> {
    loop {
        let (header, rest) = elements.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let value = rest.get(..length)?;
        if header[..4] == [0, 0, 0, 1] {
            return Some(u16::from_le_bytes([*value.first()?, *value.get(1)?]));
        }
        elements = &rest[length..];
    }
}
