use super::*;

fn header(user: &str, password: &str) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    HeaderValue::from_str(&format!("Basic {encoded}")).unwrap()
}

fn users() -> BTreeMap<String, String> {
    let hash = bcrypt::hash_with_salt("right:one", 4, [7; 16]).unwrap().to_string();
    BTreeMap::from([("alice".to_owned(), hash)])
}

fn here() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

#[tokio::test]
async fn who_knows_the_password_is_welcome_and_remembered() {
    let (logins, users) = (Logins::default(), users());
    let alice = header("alice", "right:one");
    assert_eq!(logins.judge(&users, Some(&alice), here()).await, Verdict::Welcome);
    assert_eq!(locked(&logins.remembered).len(), 1);
    assert_eq!(logins.judge(&users, Some(&alice), here()).await, Verdict::Welcome);
    assert_eq!(locked(&logins.remembered).len(), 1);
    // Another hash: what is remembered is of no use.
    let hash = bcrypt::hash_with_salt("new", 4, [8; 16]).unwrap().to_string();
    let changed = BTreeMap::from([("alice".to_owned(), hash)]);
    assert_eq!(logins.judge(&changed, Some(&alice), here()).await, Verdict::Stranger);
}

#[tokio::test]
async fn who_guesses_waits_and_who_is_remembered_does_not() {
    let (logins, users) = (Logins::default(), users());
    let alice = header("alice", "right:one");
    assert_eq!(logins.judge(&users, Some(&alice), here()).await, Verdict::Welcome);
    let mut tried = 0;
    for round in 0..50 {
        let guess = header("alice", &format!("guess {round}"));
        match logins.judge(&users, Some(&guess), here()).await {
            Verdict::Welcome => panic!("guess {round} is right"),
            Verdict::Stranger => tried += 1,
            Verdict::Wait(wait) => assert!(wait <= LONGEST_WAIT),
        }
    }
    assert!((1..50).contains(&tried), "{tried}");
    assert_eq!(logins.judge(&users, Some(&alice), here()).await, Verdict::Welcome);
    let elsewhere = IpAddr::from([192, 0, 2, 1]);
    let guess = header("alice", "guess");
    assert_eq!(logins.judge(&users, Some(&guess), elsewhere).await, Verdict::Stranger);
}

#[tokio::test]
async fn nobody_and_nonsense_are_strangers() {
    let (logins, users) = (Logins::default(), users());
    for text in ["", "Basic", "Basic !", "Bearer YTpi", "Basic YQ==", "Basic Og=="] {
        let header = HeaderValue::from_str(text).unwrap();
        let place = IpAddr::from([192, 0, 2, text.len() as u8]);
        assert_eq!(logins.judge(&users, Some(&header), place).await, Verdict::Stranger, "{text}");
    }
    assert_eq!(logins.judge(&users, None, here()).await, Verdict::Stranger);
    let unknown = header("mallory", "right:one");
    assert_eq!(logins.judge(&users, Some(&unknown), here()).await, Verdict::Stranger);
}

#[test]
fn waits_double_up_to_a_bound_and_guessers_are_bounded() {
    let logins = Logins::default();
    let now = Instant::now();
    let waits: Vec<Duration> = (0..12)
        .map(|_| {
            logins.note_guess(here(), now);
            logins.wait(here(), now).unwrap()
        })
        .collect();
    assert_eq!(waits[..3], [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]);
    assert_eq!(waits[11], LONGEST_WAIT);
    for host in 0..5000_u32 {
        logins.note_guess(IpAddr::from(host.to_be_bytes()), now);
    }
    assert_eq!(locked(&logins.guessers).len(), GUESSERS);
    // All of a /64 is one.
    let of_one = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
    logins.note_guess(of_one(1), now);
    assert!(logins.wait(of_one(2), now).is_some());
}

#[test]
fn the_hash_of_nobody_takes_as_long_as_any() {
    assert!(!bcrypt::verify("x", NOBODY).unwrap());
}
