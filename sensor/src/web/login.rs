//! Who asks, by basic authentication (RFC 7617). bcrypt takes a while on purpose: a password that
//! was right is remembered by a keyed digest, and an address that guesses waits longer each time.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{hmac, rand::SystemRandom};
use tokio::sync::Semaphore;

/// Right passwords that are remembered.
const REMEMBERED: usize = 64;
/// Addresses of which it is known that they guessed.
const GUESSERS: usize = 1024;
/// After the first wrong guess; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// After so long without a guess they are forgotten.
const FORGIVEN: Duration = Duration::from_secs(600);
/// What is compared with when there is no such user, so that this takes as long.
const NOBODY: &str = "$2b$10$WHgOZqb98coGiBs16c8tC.C.gW5IR8625UGJSC8nfGG9XnHtLThRa";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Welcome,
    Stranger,
    /// Too many wrong guesses.
    Wait(Duration),
}

#[derive(Debug)]
pub struct Logins {
    /// Made at the start, so that what is remembered is of no use elsewhere.
    key: Option<hmac::Key>,
    remembered: Mutex<VecDeque<hmac::Tag>>,
    guessers: Mutex<HashMap<IpAddr, Guesser>>,
    /// One password at a time is tried: guessers take one CPU at most.
    turn: Semaphore,
}

#[derive(Clone, Copy, Debug)]
struct Guesser {
    guesses: u32,
    until: Instant,
}

impl Default for Logins {
    fn default() -> Self {
        // Without randomness nothing is remembered.
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self {
            key,
            remembered: Mutex::default(),
            guessers: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }
}

impl Logins {
    /// Judges the `Authorization` of a request of `peer`.
    pub async fn judge(
        &self,
        users: &BTreeMap<String, String>,
        authorization: Option<&HeaderValue>,
        peer: IpAddr,
    ) -> Verdict {
        let Some((user, password)) = authorization.and_then(credentials) else {
            return Verdict::Stranger;
        };
        let hash = users.get(&user).cloned();
        let message = message(&user, &password, hash.as_deref().unwrap_or(NOBODY));
        if hash.is_some() && self.remembers(&message) {
            return Verdict::Welcome;
        }
        if let Some(wait) = self.wait(peer, Instant::now()) {
            return Verdict::Wait(wait);
        }
        let Ok(_turn) = self.turn.acquire().await else { return Verdict::Stranger };
        // Others of the same address may have guessed meanwhile.
        if let Some(wait) = self.wait(peer, Instant::now()) {
            return Verdict::Wait(wait);
        }
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let tried = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash));
        if is_known && matches!(tried.await, Ok(Ok(true))) {
            self.remember(&message);
            locked(&self.guessers).remove(&site(peer));
            return Verdict::Welcome;
        }
        self.note_guess(peer, Instant::now());
        Verdict::Stranger
    }

    fn remembers(&self, message: &[u8]) -> bool {
        let Some(key) = &self.key else { return false };
        // In the same time whatever it is compared with.
        locked(&self.remembered).iter().any(|tag| hmac::verify(key, message, tag.as_ref()).is_ok())
    }

    fn remember(&self, message: &[u8]) {
        let Some(key) = &self.key else { return };
        let mut remembered = locked(&self.remembered);
        if remembered.len() >= REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(hmac::sign(key, message));
    }

    fn wait(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let until = locked(&self.guessers).get(&site(peer))?.until;
        Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn note_guess(&self, peer: IpAddr, now: Instant) {
        let mut guessers = locked(&self.guessers);
        guessers.retain(|_, guesser| now.saturating_duration_since(guesser.until) < FORGIVEN);
        if guessers.len() >= GUESSERS
            && let Some(first) =
                guessers.iter().min_by_key(|(_, guesser)| guesser.until).map(|(site, _)| *site)
        {
            guessers.remove(&first);
        }
        let guesser = guessers.entry(site(peer)).or_insert(Guesser { guesses: 0, until: now });
        let wait = FIRST_WAIT * 2_u32.saturating_pow(guesser.guesses.min(16));
        guesser.guesses = guesser.guesses.saturating_add(1);
        guesser.until = now + wait.min(LONGEST_WAIT);
    }
}

/// A panic elsewhere leaves it as good as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who has one address of IPv6 has all of its /64.
fn site(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

fn message(user: &str, password: &[u8], hash: &str) -> Vec<u8> {
    // Neither name nor hash holds a colon.
    [user.as_bytes(), b":", hash.as_bytes(), b":", password].concat()
}

/// Name and password.
fn credentials(authorization: &HeaderValue) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = authorization.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|&octet| octet == b':')?;
    let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
    Some((user, decoded[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests;
