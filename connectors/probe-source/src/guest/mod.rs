// SPDX-License-Identifier: Apache-2.0

mod config;
mod content;
mod endless;
mod errors;
mod exhaust;
mod frames;
mod logging;
mod misuse;
mod network;
mod observed;
mod responses;
mod source;

use rapidbyte_sdk::export::{apart, lifecycle, prepare, Session};
use rapidbyte_sdk::{Empty, OpenRequest};
use responses::replaced;
use source::{Call, Probe};

rapidbyte_sdk::memory_exports!();

std::thread_local! {
    static SESSION: Session<Probe> = Session::default();
}

// The exports are written out, in place of `rapidbyte_sdk::source!`, because some behaviours answer with what is no response.

#[export_name = "rb_open"]
unsafe extern "C" fn open(ptr: *mut u8, len: usize) -> u64 {
    let response = lifecycle(ptr, len, |request: OpenRequest| {
        prepare(&request);
        let probe = Probe::open(&request)?;
        SESSION.with(|session| session.start(probe))
    });
    replaced(response)
}

macro_rules! export {
    ($name:literal, $call:ident, $method:ident) => {
        const _: () = {
            #[export_name = $name]
            unsafe extern "C" fn export(ptr: *mut u8, len: usize) -> u64 {
                let response = lifecycle(ptr, len, |request| {
                    SESSION.with(|session| {
                        session.call(|probe| {
                            probe.misbehave_in(Call::$call)?;
                            apart(Probe::$method, probe, request)
                        })
                    })
                });
                replaced(response)
            }
        };
    };
}

export!("rb_check", Check, check);
export!("rb_discover", Discover, discover);
export!("rb_plan", Plan, plan);
export!("rb_read", Read, read);
export!("rb_teardown", Teardown, teardown);

#[export_name = "rb_close"]
unsafe extern "C" fn close(ptr: *mut u8, len: usize) -> u64 {
    let response = lifecycle(ptr, len, |_: Empty| {
        let probe = SESSION.with(|session| session.end())?;
        probe.misbehave_in(Call::Close).map(|()| Empty {})
    });
    replaced(response)
}
