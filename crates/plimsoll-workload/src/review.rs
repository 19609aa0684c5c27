//! AdmissionReview v1 requests, decoded strictly.

use serde_json::Value;

use crate::strict::{parse_json, shorten};
use crate::{Origin, Workload, workload_from_object};

/// Largest review read. The API server's own limit on objects is 3 MiB, and an UPDATE carries two.
pub const MAX_REVIEW_BYTES: usize = 8 << 20;

/// What is done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `CONNECT`.
    Connect,
}

/// The request of an AdmissionReview.
#[derive(Clone, Debug, PartialEq)]
pub struct AdmissionRequest {
    /// `uid`, which the response repeats.
    pub uid: String,
    /// `operation`.
    pub operation: Operation,
    /// `kind.group`.
    pub group: String,
    /// `kind.version`.
    pub version: String,
    /// `kind.kind`.
    pub kind: String,
    /// `subResource`, empty for none.
    pub sub_resource: String,
    /// `namespace`, if the object is namespaced.
    pub namespace: Option<String>,
    /// `name`; empty with `generateName`.
    pub name: String,
    /// `userInfo.username`.
    pub user: String,
    /// `dryRun`.
    pub dry_run: bool,
    /// `object`: what it will be. Absent for `DELETE` and some `CONNECT`.
    pub object: Option<Value>,
    /// `oldObject`: what it was, for `UPDATE` and `DELETE`.
    pub old_object: Option<Value>,
}

/// Why a review was refused. The sender is at fault: an API server sends none of these.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// More than [`MAX_REVIEW_BYTES`].
    #[error("AdmissionReview has {0} bytes; at most {MAX_REVIEW_BYTES} are read")]
    TooLarge(usize),
    /// Not JSON, a key that stands twice, or nested too deeply.
    #[error("AdmissionReview is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// `apiVersion` or `kind` is not that of an AdmissionReview v1.
    #[error("expected apiVersion admission.k8s.io/v1 and kind AdmissionReview, found '{api_version}' and '{kind}'")]
    WrongKind {
        /// `apiVersion` found.
        api_version: String,
        /// `kind` found.
        kind: String,
    },
    /// A field is missing or of another type.
    #[error("AdmissionReview: {0} is missing or has the wrong type")]
    Field(&'static str),
    /// The object's own kind is not the one the request names.
    #[error("AdmissionReview: the object is a {object}, the request is about a {request}")]
    KindMismatch {
        /// Kind in the object.
        object: String,
        /// Kind in the request.
        request: String,
    },
}

fn text(value: &Value, key: &str, name: &'static str) -> Result<String, ReviewError> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(ReviewError::Field(name)),
    }
}

fn object(request: &mut Value, key: &str, name: &'static str) -> Result<Option<Value>, ReviewError> {
    match request.get_mut(key).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(value)),
        Some(_) => Err(ReviewError::Field(name)),
    }
}

/// Reads the request of an AdmissionReview v1.
///
/// # Errors
/// The sender: see [`ReviewError`].
pub fn parse_admission_review(bytes: &[u8]) -> Result<AdmissionRequest, ReviewError> {
    if bytes.len() > MAX_REVIEW_BYTES {
        return Err(ReviewError::TooLarge(bytes.len()));
    }
    let mut review = parse_json(bytes)?;
    let (api_version, kind) = (text(&review, "apiVersion", "apiVersion")?, text(&review, "kind", "kind")?);
    if api_version != "admission.k8s.io/v1" || kind != "AdmissionReview" {
        return Err(ReviewError::WrongKind { api_version: shorten(&api_version), kind: shorten(&kind) });
    }
    let mut request = review.get_mut("request").map(Value::take).unwrap_or_default();
    let uid = text(&request, "uid", "request.uid")?;
    if uid.is_empty() || uid.len() > 128 {
        return Err(ReviewError::Field("request.uid"));
    }
    let operation = match request.get("operation").and_then(Value::as_str) {
        Some("CREATE") => Operation::Create,
        Some("UPDATE") => Operation::Update,
        Some("DELETE") => Operation::Delete,
        Some("CONNECT") => Operation::Connect,
        _ => return Err(ReviewError::Field("request.operation")),
    };
    let named = request.get("kind").cloned().unwrap_or_default();
    let kind = text(&named, "kind", "request.kind.kind")?;
    if kind.is_empty() {
        return Err(ReviewError::Field("request.kind.kind"));
    }
    let dry_run = match request.get("dryRun") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(b)) => *b,
        Some(_) => return Err(ReviewError::Field("request.dryRun")),
    };
    let user = request.get("userInfo").cloned().unwrap_or_default();
    let read = AdmissionRequest {
        uid,
        operation,
        group: text(&named, "group", "request.kind.group")?,
        version: text(&named, "version", "request.kind.version")?,
        kind,
        sub_resource: text(&request, "subResource", "request.subResource")?,
        namespace: Some(text(&request, "namespace", "request.namespace")?).filter(|n| !n.is_empty()),
        name: text(&request, "name", "request.name")?,
        user: text(&user, "username", "request.userInfo.username")?,
        dry_run,
        object: object(&mut request, "object", "request.object")?,
        old_object: object(&mut request, "oldObject", "request.oldObject")?,
    };
    let of_object = read.object.as_ref().and_then(|o| o.get("kind")).and_then(Value::as_str).unwrap_or_default();
    // A subresource such as `pods/eviction` carries an object of its own kind, which is also the request's kind.
    if !of_object.is_empty() && of_object != read.kind {
        return Err(ReviewError::KindMismatch { object: shorten(of_object), request: shorten(&read.kind) });
    }
    Ok(read)
}

impl AdmissionRequest {
    /// `apiVersion` of the request's kind.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The new object as a workload, or `None` if there is none or it is of another kind. The request's kind, namespace
    /// and name stand in where the object does not state them (`generateName`, or no namespace).
    pub fn workload(&self) -> Option<Workload> {
        let mut object = self.object.clone()?;
        if let Value::Object(map) = &mut object {
            map.entry("kind").or_insert_with(|| self.kind.clone().into());
            map.entry("apiVersion").or_insert_with(|| self.api_version().into());
        }
        let mut workload = workload_from_object(object, Origin::default())?;
        // The request's namespace is the one the API server routed by; the object's is only what somebody wrote.
        if self.namespace.is_some() {
            workload.namespace = self.namespace.clone();
        }
        if workload.name.is_empty() {
            workload.name.clone_from(&self.name);
        }
        Some(workload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn review() -> Value {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u-1", "operation": "CREATE", "namespace": "shop", "dryRun": true,
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "userInfo": {"username": "alice"},
            "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"},
                       "spec": {"containers": [{"image": "x"}]}}, "oldObject": null}})
    }

    fn parse(value: &Value) -> Result<AdmissionRequest, ReviewError> {
        parse_admission_review(value.to_string().as_bytes())
    }

    #[test]
    fn reads_a_review() {
        let request = parse(&review()).unwrap();
        assert_eq!((request.uid.as_str(), request.user.as_str(), request.dry_run), ("u-1", "alice", true));
        let workload = request.workload().unwrap();
        assert_eq!(workload.display_name(), "Pod/shop/web-*");
        assert!(request.old_object.is_none());
    }

    #[test]
    fn refuses_what_no_api_server_sends() {
        for (pointer, value) in [
            ("/kind", json!("Pod")),
            ("/apiVersion", json!("admission.k8s.io/v1beta1")),
            ("/request/uid", json!("")),
            ("/request/uid", json!(7)),
            ("/request/operation", json!("create")),
            ("/request/object", json!("text")),
            ("/request/dryRun", json!("true")),
            ("/request/kind/kind", json!(null)),
            ("/request/object/kind", json!("Deployment")),
            ("/request", json!(null)),
        ] {
            let mut review = review();
            *review.pointer_mut(pointer).unwrap() = value;
            assert!(parse(&review).is_err(), "{pointer}");
        }
        assert!(parse_admission_review(b"{\"kind\":1,\"kind\":2}").is_err());
        assert!(matches!(parse_admission_review(&vec![b' '; MAX_REVIEW_BYTES + 1]), Err(ReviewError::TooLarge(_))));
    }
}
