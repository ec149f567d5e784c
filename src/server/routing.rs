//! What is answered where nothing is served: 405 with `Allow` when the path knows other methods, else 404.
//!
//! actix's route macros register every method as a resource of its own, so that a wrong method falls through to the
//! default service. The contract knows all paths and methods; it is asked here.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::platform::http::{Code, Problem};

/// Every path of the contract with its methods.
pub struct Routing {
    paths: Vec<(ResourceDef, Vec<String>)>,
}

impl Routing {
    pub fn new(document: &serde_json::Value) -> Routing {
        let paths = document
            .get("paths")
            .and_then(serde_json::Value::as_object)
            .into_iter()
            .flatten()
            .map(|(path, item)| {
                let mut methods: Vec<String> = item
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(method, _)| method.to_ascii_uppercase())
                    .collect();
                // What can be read can be asked for its headers alone.
                if methods.iter().any(|method| method == "GET") {
                    methods.push("HEAD".to_owned());
                }
                methods.push("OPTIONS".to_owned());
                (ResourceDef::new(path.as_str()), methods)
            })
            .collect();
        Routing { paths }
    }

    /// Whether the path is one of the contract's without parameters, and does not take this method. Such a path must
    /// not be read as another's parameter: `GET /v1/invoices/batch` asks for no invoice of the number "batch".
    pub fn refuses(&self, path: &str, method: &Method) -> Option<Problem> {
        let (_, methods) = self
            .paths
            .iter()
            .find(|(pattern, _)| pattern.pattern() == Some(path))?;
        let refused =
            method != Method::OPTIONS && !methods.iter().any(|known| known == method.as_str());
        refused.then(|| Problem::new(Code::MethodNotAllowed).with_list("allowed", methods))
    }

    fn allowed(&self, path: &str) -> Option<&[String]> {
        self.paths
            .iter()
            .find(|(pattern, _)| pattern.is_match(path))
            .map(|(_, methods)| methods.as_slice())
    }
}

/// The default service.
pub async fn nothing_here(
    request: HttpRequest,
    routing: web::Data<Routing>,
) -> Result<HttpResponse, Problem> {
    match routing.allowed(request.match_info().as_str()) {
        Some(methods) if request.method() == Method::OPTIONS => Ok(HttpResponse::NoContent()
            .insert_header(("Allow", methods.join(", ")))
            .finish()),
        Some(methods) => Err(Problem::new(Code::MethodNotAllowed).with_list("allowed", methods)),
        None => Err(Problem::new(Code::UnknownRoute)),
    }
}

/// A path parameter that is no id and no number names nothing.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| Problem::not_found("resource").into())
}
