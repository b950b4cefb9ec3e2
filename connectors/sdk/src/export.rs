// SPDX-License-Identifier: Apache-2.0

//! What turns a [`Source`](crate::Source) or a [`Destination`](crate::Destination) into a module: the exports of
//! docs/abi.md, section 4, and the manifest of section 3.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;

#[cfg(target_arch = "wasm32")]
pub use guest::{allocate, free, give_response, lifecycle};

/// Makes the crate a source module: `rapidbyte_sdk::source!(MySource, manifest = "../manifest.json");`.
///
/// The path is relative to the file of the invocation.
#[macro_export]
macro_rules! source {
    ($connector:ty, manifest = $manifest:literal) => {
        $crate::module_exports!($connector, $crate::Source, "source", $manifest);
        $crate::lifecycle_exports!($connector, $crate::Source, {
            "rb_discover" => discover,
            "rb_plan" => plan,
            "rb_read" => read,
            "rb_snapshot" => snapshot,
        });
    };
}

/// Makes the crate a destination module: `rapidbyte_sdk::destination!(MyDestination, manifest = "../manifest.json");`.
///
/// The path is relative to the file of the invocation.
#[macro_export]
macro_rules! destination {
    ($connector:ty, manifest = $manifest:literal) => {
        $crate::module_exports!($connector, $crate::Destination, "destination", $manifest);
        $crate::lifecycle_exports!($connector, $crate::Destination, {
            "rb_apply" => apply,
            "rb_write" => write,
            "rb_finalize" => finalize,
            "rb_committed" => committed,
        });
    };
}

/// The exports that every module has. Modules that need other lifecycle exports than the roles' (the probes of the
/// host's tests) use this one and [`manifest!`](crate::manifest) directly.
#[doc(hidden)]
#[macro_export]
macro_rules! memory_exports {
    () => {
        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_abi_version"]
        extern "C" fn rapidbyte_abi_version() -> i32 {
            $crate::abi::ABI_VERSION
        }

        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_alloc"]
        extern "C" fn rapidbyte_alloc(len: usize) -> *mut u8 {
            $crate::export::allocate(len)
        }

        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_free"]
        unsafe extern "C" fn rapidbyte_free(ptr: *mut u8, len: usize) {
            $crate::export::free(ptr, len)
        }
    };
}

/// The manifest as a custom section, and a test that it is one.
#[doc(hidden)]
#[macro_export]
macro_rules! manifest {
    ($role:literal, $manifest:literal) => {
        #[cfg(target_arch = "wasm32")]
        #[link_section = "rapidbyte.manifest"]
        #[used]
        static RAPIDBYTE_MANIFEST: [u8; include_bytes!($manifest).len()] = *include_bytes!($manifest);

        #[cfg(test)]
        #[test]
        fn the_manifest_is_one_of_this_abi_and_role() {
            $crate::export::check_manifest(include_bytes!($manifest), $role).unwrap();
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! module_exports {
    ($connector:ty, $role_trait:path, $role:literal, $manifest:literal) => {
        $crate::manifest!($role, $manifest);
        $crate::memory_exports!();

        #[cfg(target_arch = "wasm32")]
        std::thread_local! {
            static RAPIDBYTE_SESSION: $crate::export::Session<$connector> = $crate::export::Session::default();
        }

        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_open"]
        unsafe extern "C" fn rapidbyte_open(ptr: *mut u8, len: usize) -> u64 {
            $crate::export::lifecycle(ptr, len, |request: $crate::OpenRequest| {
                $crate::export::prepare(&request);
                let connector = <$connector as $role_trait>::open(request)?;
                RAPIDBYTE_SESSION.with(|session| session.start(connector))
            })
        }

        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_close"]
        unsafe extern "C" fn rapidbyte_close(ptr: *mut u8, len: usize) -> u64 {
            $crate::export::lifecycle(ptr, len, |_: $crate::Empty| {
                let mut connector = RAPIDBYTE_SESSION.with(|session| session.end())?;
                <$connector as $role_trait>::close(&mut connector).map(|()| $crate::Empty {})
            })
        }

        $crate::lifecycle_exports!($connector, $role_trait, {
            "rb_check" => check,
        });

        #[cfg(target_arch = "wasm32")]
        #[export_name = "rb_teardown"]
        unsafe extern "C" fn rapidbyte_teardown(ptr: *mut u8, len: usize) -> u64 {
            $crate::export::lifecycle(ptr, len, |request| {
                RAPIDBYTE_SESSION.with(|session| {
                    session.call(|connector| <$connector as $role_trait>::teardown(connector, request))
                })?;
                Ok($crate::Empty {})
            })
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! lifecycle_exports {
    ($connector:ty, $role_trait:path, { $($export:literal => $method:ident,)+ }) => {
        $(
            // The constant gives each export a scope of its own, so that the macro needs no name for it.
            #[cfg(target_arch = "wasm32")]
            const _: () = {
                #[export_name = $export]
                unsafe extern "C" fn export(ptr: *mut u8, len: usize) -> u64 {
                    $crate::export::lifecycle(ptr, len, |request| {
                        RAPIDBYTE_SESSION.with(|session| {
                            session.call(|connector| {
                                $crate::export::apart(<$connector as $role_trait>::$method, connector, request)
                            })
                        })
                    })
                }
            };
        )+
    };
}

/// The connector between `rb_open` and `rb_close`.
pub struct Session<C>(std::cell::RefCell<Option<C>>);

impl<C> Default for Session<C> {
    fn default() -> Session<C> {
        Session(std::cell::RefCell::new(None))
    }
}

impl<C> Session<C> {
    /// Keeps an opened connector.
    pub fn start(&self, connector: C) -> Result<crate::Empty> {
        match self.0.borrow_mut().replace(connector) {
            None => Ok(crate::Empty {}),
            Some(_) => Err(Error::internal("the connector was opened twice")),
        }
    }

    /// Calls the opened connector.
    pub fn call<R>(&self, method: impl FnOnce(&mut C) -> Result<R>) -> Result<R> {
        match self.0.borrow_mut().as_mut() {
            Some(connector) => method(connector),
            None => Err(Session::<C>::not_open()),
        }
    }

    /// Gives the connector up.
    pub fn end(&self) -> Result<C> {
        self.0.borrow_mut().take().ok_or_else(Session::<C>::not_open)
    }

    fn not_open() -> Error {
        Error::internal("the connector was called before it was opened, or after it was closed")
    }
}

/// What has to be in place before a connector's own code runs: the level of the log, and a hook that logs panics.
pub fn prepare(request: &crate::OpenRequest) {
    crate::log::set_finest_level(request.log_level.0);
    std::panic::set_hook(Box::new(|panic| {
        crate::log::write(
            crate::log::Level::Error,
            format_args!("the connector has a defect: {}", panic),
        );
    }));
}

/// Calls a method of a connector in a function of its own. The host's compiler does not take methods of any size: the code
/// that reads requests and writes responses must not be in one function with the connector's work.
#[inline(never)]
pub fn apart<C, Q, A>(method: impl FnOnce(&mut C, Q) -> Result<A>, connector: &mut C, request: Q) -> Result<A> {
    method(connector, request)
}

/// Reads a request.
pub fn read_request<Q: DeserializeOwned>(request: &[u8]) -> Result<Q> {
    serde_json::from_slice(request).map_err(|cause| unreadable(&cause))
}

/// Writes a response: `{"ok": …}` or `{"error": …}`.
pub fn write_response<A: Serialize>(outcome: Result<A>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Response<A> {
        Ok(A),
        Error(Error),
    }
    let response = match outcome {
        Ok(answer) => Response::Ok(answer),
        Err(error) => Response::Error(error),
    };
    serde_json::to_vec(&response).unwrap_or_else(|cause| {
        let error = Error::internal(format!("the response cannot be written as JSON: {}", cause));
        format!(r#"{{"error":{}}}"#, error.to_json()).into_bytes()
    })
}

/// Only the place is told: the text may hold a secret of the configuration.
fn unreadable(cause: &serde_json::Error) -> Error {
    let what = match cause.classify() {
        serde_json::error::Category::Data => crate::protocol::without_values(cause),
        _ => format!("no JSON at column {}", cause.column()),
    };
    Error::new(
        crate::Category::Internal,
        "bad_request",
        format!("the host's request cannot be read: {}", what),
    )
}

/// Whether `manifest` is the manifest of a connector with this `role` for this version of the ABI; the reason when not.
pub fn check_manifest(manifest: &[u8], role: &str) -> std::result::Result<(), String> {
    let manifest: Value = serde_json::from_slice(manifest).map_err(|cause| format!("not JSON: {}", cause))?;
    let expect = |member: &str, holds: bool| match holds {
        true => Ok(()),
        false => Err(format!("member '{}' is {}", member, manifest[member])),
    };
    let name = manifest["name"].as_str().unwrap_or_default();
    expect("name", is_connector_name(name))?;
    expect("version", manifest["version"].is_string())?;
    expect("abi", manifest["abi"] == crate::abi::ABI_VERSION)?;
    expect("role", manifest["role"] == role)?;
    expect("description", manifest["description"].is_string())?;
    expect("config_schema", manifest["config_schema"].is_object())
}

fn is_connector_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

/// Memory that crosses the border between host and guest.
#[cfg(target_arch = "wasm32")]
mod guest {
    use super::*;
    use std::alloc::{alloc, dealloc, Layout};

    /// The alignment that the ABI promises for `rb_alloc`.
    const ALIGNMENT: usize = 8;

    fn layout(len: usize) -> Option<Layout> {
        Layout::from_size_align(len, ALIGNMENT).ok()
    }

    /// `rb_alloc`: null when there is no memory.
    pub fn allocate(len: usize) -> *mut u8 {
        match layout(len) {
            // Nothing is stored there, but null would mean that there is no memory.
            Some(_) if len == 0 => ALIGNMENT as *mut u8,
            // SAFETY: the size is not zero.
            Some(layout) => unsafe { alloc(layout) },
            None => std::ptr::null_mut(),
        }
    }

    /// `rb_free`.
    ///
    /// # Safety
    /// `ptr` must come from [`allocate`] with the same `len`, and not have been freed.
    pub unsafe fn free(ptr: *mut u8, len: usize) {
        if let (true, Some(layout)) = (len > 0, layout(len)) {
            dealloc(ptr, layout);
        }
    }

    /// One lifecycle call: takes the request over, answers it, and gives the response away.
    ///
    /// # Safety
    /// `ptr` and `len` must be those of a request that the host wrote into memory from [`allocate`].
    pub unsafe fn lifecycle<Q, A>(ptr: *mut u8, len: usize, call: impl FnOnce(Q) -> Result<A>) -> u64
    where
        Q: DeserializeOwned,
        A: Serialize,
    {
        let request = read_request(std::slice::from_raw_parts(ptr, len));
        free(ptr, len);
        give_response(&write_response(request.and_then(call)))
    }

    /// Copies a response into memory that the host frees, and packs its address and length.
    pub fn give_response(response: &[u8]) -> u64 {
        let ptr = allocate(response.len());
        assert!(
            !ptr.is_null(),
            "there is no memory for a response of {} bytes",
            response.len()
        );
        // SAFETY: `allocate` returned that many bytes.
        unsafe { std::ptr::copy_nonoverlapping(response.as_ptr(), ptr, response.len()) };
        (ptr as u64) << 32 | response.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json_of(response: Vec<u8>) -> Value {
        serde_json::from_slice(&response).unwrap()
    }

    #[test]
    fn answers_are_wrapped_in_ok() {
        let response = write_response(Ok(crate::TargetResponse {
            target: "orders".to_string(),
        }));
        assert_eq!(json_of(response), json!({"ok": {"target": "orders"}}));
    }

    #[test]
    fn failures_are_wrapped_in_error() {
        let response = write_response::<crate::Empty>(Err(Error::config("x", "y")));
        assert_eq!(json_of(response)["error"]["code"], "x");
    }

    #[test]
    fn an_unreadable_request_tells_no_value() {
        let request = br#"{"abi":"hunter2","run_id":"r"}"#;
        let error = read_request::<crate::OpenRequest>(request).unwrap_err();
        assert_eq!(error.code(), "bad_request");
        assert!(!error.to_json().to_string().contains("hunter2"), "{}", error);
    }

    #[test]
    fn a_session_ends_once_and_is_called_only_while_open() {
        let session = Session::default();
        assert!(session.call(|_: &mut i32| Ok(())).is_err());
        session.start(1).unwrap();
        session.call(|connector| Ok(*connector += 1)).unwrap();
        assert_eq!(session.end().unwrap(), 2);
        assert!(session.end().is_err());
    }

    #[test]
    fn a_manifest_of_another_role_is_refused() {
        let manifest =
            br#"{"name":"a","version":"1.0.0","abi":1,"role":"source","description":"d","config_schema":{}}"#;
        assert_eq!(check_manifest(manifest, "source"), Ok(()));
        assert_eq!(
            check_manifest(manifest, "destination"),
            Err("member 'role' is \"source\"".to_string())
        );
    }
}
