// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import java.util.EnumSet;

/** {@code claim}: asks the runner for a unit of work. */
final class ClaimImports {
    private ClaimImports() {}

    static void addTo(HostFunctions functions, CallContext context) {
        functions.add(
                "claim",
                type("l", "i"),
                EnumSet.of(LifecycleCall.READ),
                HostFunctions.Progress.POSITIVE,
                HostFunctions.Reach.FAR,
                arguments -> claim(context.read(), arguments[0]));
    }

    private static long claim(ReadState read, long unit) throws ImportFailure {
        read.requireClaimable(unit);
        boolean granted;
        try {
            granted = read.callbacks.claim(unit);
        } catch (RuntimeException | Error e) {
            throw new CallbackFailed(e);
        }
        read.claimed(unit, granted);
        return granted ? 1 : 0;
    }
}
