use super::*;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

fn parse(text: &str) -> Result<WebFile, String> {
    WebFile::parse(Path::new("/etc/wardline/web.yml"), text).map_err(|error| error.to_string())
}

#[test]
fn an_empty_file_asks_nobody_and_encrypts_nothing() {
    for text in ["", "# nothing\n", "{}\n", "basic_auth_users:\n", "tls_server_config:\n"] {
        let file = parse(text).unwrap();
        assert!(!file.encrypts() && !file.asks_who(), "{text:?}");
        assert_eq!(file.files, [PathBuf::from("/etc/wardline/web.yml")]);
    }
}

#[test]
fn users_headers_and_rates_are_read_as_the_toolkit_writes_them() {
    let text = format!(
        "basic_auth_users:\n  alice: {HASH}\nhttp_server_config:\n  http2: true\n  headers:\n    \
         X-Frame-Options: deny\n    Strict-Transport-Security: \"max-age=31536000\"\n\
         rate_limit:\n  interval: 100ms\n  burst: 20\n"
    );
    let file = parse(&text).unwrap();
    assert!(file.asks_who() && !file.encrypts());
    assert_eq!(file.users["alice"], HASH);
    let headers: Vec<(&str, &str)> =
        file.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let expected = [("x-frame-options", "deny"), ("strict-transport-security", "max-age=31536000")];
    assert_eq!(headers, expected);
    let limit = RateLimit { interval: Duration::from_millis(100), burst: 20 };
    assert_eq!(file.rate_limit, Some(limit));
    assert_eq!(parse("rate_limit:\n  interval: 0\n").unwrap().rate_limit, None);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let cases = [
        ("tls_server_confg:\n  cert_file: a\n", ":1:1: ", "did you mean `tls_server_config`?"),
        ("tls_server_config:\n  cert_fil: a\n", ":2:3: ", "did you mean `cert_file`?"),
        ("\nhttp_server_config:\n  headers:\n    X-Frame-Option: deny\n", ":4:5: ", "did you mean"),
        ("http_server_config:\n  headers:\n    X-Frame-Options: allow\n", ":3:5: ", "`deny`"),
        ("tls_server_config:\n  key_file: a\n", ":1:1: ", "missing field `cert_file`"),
        ("tls_server_config:\n  cert: |\n    x\n", ":2:3: ", "use `cert_file`"),
        ("tls_server_config:\n  key: x\n", ":2:3: ", "use `key_file`"),
        (
            "tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10\n",
            ":4:3: ",
            "RFC 8996",
        ),
        (
            "tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS14\n",
            ":4:3: ",
            "did you mean `TLS1",
        ),
        (
            "tls_server_config:\n  cert_file: a\n  client_auth_type: RequireAnyClientCert\n",
            ":3:3: ",
            "RequireAndVerifyClientCert",
        ),
        (
            "tls_server_config:\n  client_auth_type: RequireAndVerifyClientCerts\n",
            ":2:3: ",
            "did you mean `RequireAndVerifyClientCert`?",
        ),
        (
            "tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n",
            ":1:1: ",
            "needs `client_ca_file`",
        ),
        ("tls_server_config:\n  cert_file: /no\n  key_file: /no\n", ":1:1: ", "/no"),
        ("basic_auth_users:\n  alice: secret\n", ":1:1: ", "no hash of bcrypt"),
        ("rate_limit:\n  interval: 1s\n", ":1:1: ", "`burst`"),
        ("rate_limit:\n  interval: soon\n  burst: 1\n", ":2:3: ", "`interval`"),
        ("basic_auth_users: [\n", ":", ""),
    ];
    for (text, place, part) in cases {
        let error = parse(text).unwrap_err();
        let place = format!("/etc/wardline/web.yml{place}");
        assert!(error.starts_with(&place), "{text:?}: {error}");
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let costly = HASH.replace("$10$", "$18$");
    assert!(parse(&format!("basic_auth_users:\n  a: {costly}\n")).unwrap_err().contains("cost"));
}

#[test]
fn a_secret_is_not_repeated() {
    let error = parse("basic_auth_users:\n  alice: hunter2\n").unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    let file = parse(&format!("basic_auth_users:\n  alice: {HASH}\n")).unwrap();
    assert!(!format!("{file:?}").contains("$2y$"));
}
