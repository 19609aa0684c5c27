//! Authorisation: basic and bearer challenges (distribution specification, token authentication), with a token cache.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use serde_json::Value;

use crate::call::{Call, may_follow};
use crate::content::Content;
use crate::credentials::Login;
use crate::header::{Challenge, parse_www_authenticate};
use crate::transport::Transport;
use crate::{Credentials, RegistryError};

const MAX_TOKEN_ANSWER: u64 = 256 * 1024;
/// Life of a token that does not say (token specification), and the most any is kept.
const DEFAULT_LIFE: u64 = 60;
const MAX_LIFE: u64 = 3600;

/// What a request needs the right to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) push: bool,
}

impl Scope {
    fn text(&self) -> String {
        let actions = if self.push { "pull,push" } else { "pull" };
        format!("repository:{}:{actions}", self.repository)
    }
}

struct Held {
    value: HeaderValue,
    until: Option<Instant>,
}

/// The tokens held, by scope.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<Scope, Held>>);

impl Tokens {
    pub(crate) fn get(&self, scope: &Scope) -> Option<HeaderValue> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wider = Scope { push: true, ..scope.clone() };
        // A token that may push may also pull.
        [scope, &wider]
            .into_iter()
            .filter_map(|s| held.get(s))
            .find(|h| h.until.is_none_or(|until| until > Instant::now()))
            .map(|h| h.value.clone())
    }

    /// Forgets the tokens a registry no longer takes.
    pub(crate) fn forget(&self, scope: &Scope) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(scope);
        held.remove(&Scope { push: true, ..scope.clone() });
    }

    fn put(&self, scope: &Scope, value: &HeaderValue, life: Option<Duration>) {
        let held = Held { value: value.clone(), until: life.map(|life| Instant::now() + life) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.clone(), held);
    }
}

/// Answers the challenges of a 401: the value of the `Authorization` header to try next.
pub(crate) async fn answer(
    transport: &Transport,
    credentials: &Credentials,
    tokens: &Tokens,
    call: &Call<'_>,
    scope: &Scope,
    headers: &HeaderMap,
) -> Result<HeaderValue, RegistryError> {
    let challenges: Vec<Challenge> = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(parse_www_authenticate)
        .collect();
    let unauthorized = |why: &str| RegistryError::Unauthorized {
        host: call.host.to_owned(),
        operation: call.operation.to_owned(),
        why: why.to_owned(),
    };
    let login = credentials.find(&scope.registry, &scope.repository).await?;
    let bearer = challenges.iter().find(|c| c.scheme == "bearer");
    let basic = challenges.iter().any(|c| c.scheme == "basic");
    match (bearer, login) {
        (_, Some(Login::Registry(token))) => {
            let value = sensitive(&format!("Bearer {}", token.reveal()))
                .ok_or_else(|| unauthorized("the configured token is malformed"))?;
            tokens.put(scope, &value, None);
            Ok(value)
        }
        (Some(challenge), login) => {
            let (token, life) = fetch(transport, call, scope, challenge, login.as_ref()).await?;
            tokens.put(scope, &token, Some(life));
            Ok(token)
        }
        (None, Some(Login::Basic { username, password })) if basic => {
            let value = basic_value(&username, password.reveal());
            tokens.put(scope, &value, None);
            Ok(value)
        }
        (None, None) if basic => Err(unauthorized("it wants a user name and password, and none is configured")),
        (None, Some(Login::Identity(_))) if basic => {
            Err(unauthorized("it wants a user name and password, and only an identity token is configured"))
        }
        _ => Err(unauthorized("it offers neither basic nor bearer authentication")),
    }
}

async fn fetch(
    transport: &Transport,
    call: &Call<'_>,
    scope: &Scope,
    challenge: &Challenge,
    login: Option<&Login>,
) -> Result<(HeaderValue, Duration), RegistryError> {
    let realm = challenge.params.get("realm").and_then(|r| Url::parse(r).ok());
    let mut realm = realm.ok_or_else(|| call.protocol("a bearer challenge without a usable realm"))?;
    if !may_follow(call.origin, &realm) {
        return Err(call.protocol("its token service has no HTTPS"));
    }
    let mut scopes = vec![scope.text()];
    // The registry knows best what it wants; asking for more than that could be refused as a whole.
    if let Some(wanted) = challenge.params.get("scope").filter(|s| !s.is_empty()) {
        scopes = wanted.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    }
    let service = challenge.params.get("service").cloned();
    let operation = format!("get a token to {}", call.operation);
    let mut request = Call {
        method: Method::GET,
        url: realm.clone(),
        origin: &realm.clone(),
        host: call.host,
        operation: &operation,
        headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
        body: None,
        retry: true,
        deadline: call.deadline,
    };
    let mut authorization = None;
    if let Some(Login::Identity(token)) = login {
        let mut form = realm.clone();
        form.query_pairs_mut()
            .clear()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "plimsoll")
            .append_pair("refresh_token", token.reveal())
            .append_pair("scope", &scopes.join(" "));
        if let Some(service) = &service {
            form.query_pairs_mut().append_pair("service", service);
        }
        request.method = Method::POST;
        request.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")));
        request.body = Some(Content::Bytes(form.query().unwrap_or_default().to_owned().into()));
    } else {
        {
            let mut query = realm.query_pairs_mut();
            if let Some(service) = &service {
                query.append_pair("service", service);
            }
            for scope in &scopes {
                query.append_pair("scope", scope);
            }
        }
        request.url = realm;
        if let Some(Login::Basic { username, password }) = login {
            authorization = Some(basic_value(username, password.reveal()));
        }
    }
    let response = transport.exchange(&request, authorization.as_ref(), None).await?;
    if !response.status().is_success() {
        return Err(transport.refusal(&request, response).await);
    }
    let body = transport.body(&request, response, MAX_TOKEN_ANSWER, "token").await?;
    let value: Value = serde_json::from_slice(&body).map_err(|_| request.protocol("the token answer is not JSON"))?;
    let token = ["token", "access_token"].iter().find_map(|key| value.get(*key).and_then(Value::as_str));
    let header = token.filter(|t| !t.is_empty()).and_then(|t| sensitive(&format!("Bearer {t}")));
    let header = header.ok_or_else(|| request.protocol("the token answer holds no token"))?;
    let life = value.get("expires_in").and_then(Value::as_u64).unwrap_or(DEFAULT_LIFE).min(MAX_LIFE);
    // A token that ends during the request is no use; a registry that refuses it early is asked for a new one anyway.
    Ok((header, Duration::from_secs(life.saturating_sub(5).max(1))))
}

fn basic_value(username: &str, password: &str) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{username}:{password}"));
    sensitive(&format!("Basic {encoded}")).unwrap_or_else(|| HeaderValue::from_static("Basic"))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
