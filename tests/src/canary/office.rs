//! Names in print jobs, files, logins, queries and mail.

use super::forms::base64;
use super::planted::{Plan, Scene, Turns};
use crate::frames::Side::{Client, Server};
use crate::speakers::ber;
use crate::speakers::http::{http_get, http_ok, http_post};
use crate::speakers::rdp::{cotp, rdp_connection_confirm, tpkt};
use crate::speakers::smb1::{smb1_negotiate_request, smb1_negotiate_response};
use crate::speakers::smb2::{
    header, session_message, smb2_negotiate_request, smb2_negotiate_response,
};

pub(super) fn plans() -> Vec<Plan> {
    vec![
        Plan::tcp("COOKIE", "http", (80, 18_080), web_session),
        Plan::tcp("IPP", "ipp", (631, 16_310), print_job),
        Plan::tcp("PJL", "jetdirect", (9100, 19_100), printed_page),
        Plan::tcp("FTP", "ftp", (21, 2121), upload),
        Plan::tcp("FTPFILE", "ftp-data", (1025, 0), uploaded_file).between_the_same(),
        Plan::udp("TFTP", "tftp", (69, 16_900), boot_request),
        Plan::udp("TFTPFILE", "tftp", (50_123, 0), boot_file).between_the_same(),
        Plan::tcp("SMBTWO", "smb2", (445, 14_450), session_of_version_2),
        Plan::tcp("SMBONE", "smb1", (139, 14_451), session_of_version_1),
        Plan::tcp("RPC", "dcerpc", (135, 14_452), remote_print_job),
        Plan::tcp("RDP", "rdp", (3389, 13_389), remote_desktop),
        Plan::tcp("LDAP", "ldap", (389, 13_890), directory_login),
        Plan::tcp("SMTP", "smtp", (25, 12_525), mail),
        Plan::tcp("IMAP", "imap", (143, 11_430), mailbox_login),
        Plan::tcp("POSTGRES", "postgresql", (5432, 15_432), database_login),
    ]
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn web_session(scene: &Scene<'_>) -> Turns {
    let name = scene.name;
    let fields = format!(
        "Cookie: user={name}\r\nAuthorization: Basic {}\r\n\r\n",
        base64(format!("{name}:secret").as_bytes())
    );
    let mut request = http_get("portal.example", "/ward/3");
    request.truncate(request.len() - 2);
    request.extend(fields.bytes());
    vec![(Client, request), (Server, http_ok("text/html", &format!("<h1>{name}</h1>")))]
}

/// Print-Job (RFC 8011 section 4.2.1) with a name (tag 42H) of the job.
fn print_job(scene: &Scene<'_>) -> Turns {
    let mut job = vec![1, 1, 0, 2, 0, 0, 0, 1, 1, 0x42, 0, 8];
    job.extend(b"job-name");
    job.extend([0, scene.name.len() as u8]);
    job.extend(scene.name.bytes());
    job.push(3);
    let job = String::from_utf8_lossy(&job).into_owned();
    vec![(Client, http_post("printer", "/ipp/print", "application/ipp", &job))]
}

fn printed_page(scene: &Scene<'_>) -> Turns {
    let job = format!(
        "\x1b%-12345X@PJL JOB NAME=\"{0}\"\r\n@PJL SET USERNAME=\"{0}\"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE{0}",
        scene.name
    );
    vec![(Client, job.into())]
}

/// With commands one by one, and pipelined.
fn upload(scene: &Scene<'_>) -> Turns {
    let Scene { name, client, server } = scene;
    let port = |address: &std::net::Ipv4Addr| address.to_string().replace('.', ",") + ",4,1";
    let said = |side, text: String| (side, text.into_bytes());
    vec![
        said(Server, "220 FTP server ready\r\n".to_owned()),
        said(Client, format!("USER {name}\r\n")),
        said(Server, format!("331 Password required for {name}\r\n")),
        said(Client, format!("PASS {name}\r\n")),
        said(Server, format!("530 {name} is wrong\r\n")),
        said(Server, format!("230 User {name} logged in\r\n")),
        said(Client, "PASV\r\n".to_owned()),
        said(Server, format!("227 Entering Passive Mode ({}).\r\n150 {name}\r\n", port(server))),
        said(Client, format!("STOR {name}.pdf\r\n")),
        said(Server, format!("150 Opening data connection for {name}.pdf\r\n")),
        said(Client, format!("PORT {}\r\nSTOR {name}.pdf\r\n", port(client))),
        said(Server, "200 PORT command successful\r\n".to_owned()),
    ]
}

fn uploaded_file(scene: &Scene<'_>) -> Turns {
    vec![(Client, format!("%PDF-1.4 report on {}", scene.name).into())]
}

fn boot_request(scene: &Scene<'_>) -> Turns {
    vec![(Client, format!("\0\x01{}.cfg\0octet\0", scene.name).into())]
}

/// The transfer that the request asked for, from a port of the server's choice.
fn boot_file(scene: &Scene<'_>) -> Turns {
    let mut block = b"\0\x03\0\x01".to_vec();
    block.extend(scene.name.bytes());
    block.resize(4 + 512, b' ');
    vec![
        (Server, block),
        (Client, b"\0\x04\0\x01".to_vec()),
        (Server, format!("\0\x03\0\x02{}", scene.name).into()),
    ]
}

/// A user who logs in, and is named in the answer; a share; a file that is opened, written to, renamed
/// and not found: every request in the form of its section (MS-SMB2 sections 2.2.5 to 2.2.39) and
/// with the name right behind its fixed part.
fn session_of_version_2(scene: &Scene<'_>) -> Turns {
    const ANSWER: u8 = 1;
    let name = utf_16(scene.name);
    let message = |command: u8, flags: u8, status: u32, fixed: usize, size: u8, buffer: &[u8]| {
        let mut message = header(flags == ANSWER);
        message[12] = command;
        message[8..12].copy_from_slice(&status.to_le_bytes());
        message.push(size);
        message.resize(64 + fixed, 0);
        message.extend(buffer);
        session_message(&message)
    };
    let ask = |command, fixed, size, buffer: &[u8]| message(command, 0, 0, fixed, size, buffer);
    let login = [b"NTLMSSP\0\x03\0\0\0".as_slice(), &name].concat();
    let share = utf_16(&format!("\\\\server\\{}", scene.name));
    let mut rename = ask(17, 32, 33, &[&[0; 20], name.as_slice()].concat());
    // A file's, its name.
    (rename[4 + 66], rename[4 + 67]) = (1, 10);
    // A bind to the spooler with a login, written to a pipe and by its control code; and a call.
    let (bind, call) = (rpc(11, &bind_to_spooler(), &login), rpc(0, &name, b""));
    let mut control = ask(11, 56, 57, &bind);
    control[4 + 68..4 + 72].copy_from_slice(&0x0011_c017_u32.to_le_bytes());
    vec![
        (Client, smb2_negotiate_request()),
        (Server, smb2_negotiate_response()),
        (Client, ask(1, 24, 25, &login)),
        (Server, message(1, ANSWER, 0xc000_0016, 8, 9, &login)),
        (Server, message(1, ANSWER, 0xc000_006d, 8, 9, &name)),
        (Client, ask(3, 8, 9, &share)),
        (Server, message(3, ANSWER, 0, 16, 16, &name)),
        (Client, ask(5, 56, 57, &name)),
        (Server, message(5, ANSWER, 0xc000_0034, 8, 9, &name)),
        (Client, ask(9, 48, 49, &name)),
        (Client, ask(9, 48, 49, &bind)),
        (Client, ask(9, 48, 49, &call)),
        (Client, control),
        (Client, rename),
        (Client, ask(8, 48, 49, &name)),
        (Server, message(8, ANSWER, 0, 16, 17, &name)),
        // What goes on in a segment of its own.
        (Client, name.clone()),
    ]
}

/// The same in version 1 (MS-CIFS section 2.2.4): words, and a byte block with the name in it.
fn session_of_version_1(scene: &Scene<'_>) -> Turns {
    let message = |command: u8, is_answer: bool, words: u8| {
        let mut message = vec![0xff, b'S', b'M', b'B', command];
        message.resize(32, 0);
        message[9] = if is_answer { 0x98 } else { 0x18 };
        message.push(words);
        message.resize(33 + 2 * usize::from(words), 0);
        let names = [utf_16(scene.name).as_slice(), scene.name.as_bytes()].concat();
        message.extend((names.len() as u16).to_le_bytes());
        message.extend(names);
        session_message(&message)
    };
    let mut turns = vec![(Client, smb1_negotiate_request()), (Server, smb1_negotiate_response())];
    // A login, a share, an open file, transactions of each kind, and what follows them.
    for (command, asked, answered) in [
        (0x73, 13, 3),
        (0x75, 4, 7),
        (0xa2, 24, 34),
        (0x25, 16, 10),
        (0x26, 8, 0),
        (0x32, 15, 10),
        (0x33, 9, 0),
        (0xa0, 23, 18),
        (0xa1, 18, 0),
        (0x07, 1, 0),
    ] {
        turns.push((Client, message(command, false, asked)));
        turns.push((Server, message(command, true, answered)));
    }
    turns
}

/// A fragment (C706 section 12.6.3.1) with credentials at its end.
fn rpc(kind: u8, body: &[u8], credentials: &[u8]) -> Vec<u8> {
    let trailer: &[u8] = if credentials.is_empty() { &[] } else { &[10, 6, 0, 0, 0, 0, 0, 0] };
    let length = 16 + body.len() + trailer.len() + credentials.len();
    let mut octets = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
    octets.extend((length as u16).to_le_bytes());
    octets.extend((credentials.len() as u16).to_le_bytes());
    octets.extend([1, 0, 0, 0]);
    [&octets, body, trailer, credentials].concat()
}

/// The body of a bind to the spooler (MS-RPRN).
fn bind_to_spooler() -> Vec<u8> {
    const SPOOLER: [u8; 16] =
        [0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0, 1, 0x23, 0x45, 0x67, 0x89, 0xab];
    const NDR: [u8; 16] =
        [4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60];
    let mut bind = vec![0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    bind.extend(SPOOLER);
    bind.extend([1, 0, 0, 0]);
    bind.extend(NDR);
    bind.extend([2, 0, 0, 0]);
    bind
}

/// A bind with a login, a call with a document's name, and its result.
fn remote_print_job(scene: &Scene<'_>) -> Turns {
    let bind = bind_to_spooler();
    let name = utf_16(scene.name);
    let login = [b"NTLMSSP\0\x03\0\0\0".as_slice(), &name].concat();
    let call = [&[64, 0, 0, 0, 0, 0, 17, 0], name.as_slice()].concat();
    vec![
        (Client, rpc(11, &bind, &login)),
        (Server, rpc(12, &[0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 0, 0, 0, 0], &login)),
        (Client, rpc(16, &[0; 4], &login)),
        (Client, rpc(0, &call, b"")),
        (Server, rpc(2, &call, b"")),
    ]
}

fn remote_desktop(scene: &Scene<'_>) -> Turns {
    let cookie = format!("Cookie: mstshash={}\r\n", scene.name);
    let user_data = [cookie.as_bytes(), &[1, 0, 8, 0, 3, 0, 0, 0]].concat();
    vec![(Client, tpkt(&cotp(0xe0, 0, &user_data))), (Server, rdp_connection_confirm())]
}

/// A simple bind (RFC 4511 section 4.2).
fn directory_login(scene: &Scene<'_>) -> Turns {
    let name = format!("cn={},ou=ward,dc=example", scene.name);
    let bind = [
        ber::integer(3),
        ber::value(ber::OCTET_STRING, name.as_bytes()),
        ber::value(0x80, scene.name.as_bytes()),
    ];
    let bind = ber::value(0x60, &bind.concat());
    vec![(Client, ber::sequence(&[ber::integer(1), bind]))]
}

fn mail(scene: &Scene<'_>) -> Turns {
    let name = scene.name;
    vec![
        (Server, b"220 mail ESMTP ready\r\n".into()),
        (Client, b"EHLO ward\r\n".into()),
        (Server, b"250 mail\r\n".into()),
        (Client, format!("AUTH PLAIN {}\r\n", base64(name.as_bytes())).into()),
        (Server, format!("535 {name} is wrong\r\n").into()),
        (Server, format!("235 {name} is right\r\n").into()),
        (Client, format!("MAIL FROM:<{name}@ward.example>\r\n").into()),
        (Server, b"354 go ahead\r\n".into()),
        (Client, format!("Subject: {name}\r\n\r\n{name}\r\n.\r\n").into()),
    ]
}

fn mailbox_login(scene: &Scene<'_>) -> Turns {
    vec![
        (Server, b"* OK IMAP4rev1 ready\r\n".into()),
        (Client, format!("a1 LOGIN {} secret\r\n", scene.name).into()),
    ]
}

fn database_login(scene: &Scene<'_>) -> Turns {
    let parameters = format!("user\0{0}\0database\0{0}\0\0", scene.name);
    let mut start = (parameters.len() as u32 + 8).to_be_bytes().to_vec();
    start.extend([0, 3, 0, 0]);
    start.extend(parameters.bytes());
    let query = format!("SELECT * FROM patients WHERE name = '{}'\0", scene.name);
    let mut ask = vec![b'Q'];
    ask.extend((query.len() as u32 + 4).to_be_bytes());
    ask.extend(query.bytes());
    vec![(Client, start), (Client, ask)]
}
