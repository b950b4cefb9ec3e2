// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorException;
import java.util.Map;

/** How a call that was cancelled should end ({@code docs/abi.md}, section 10). */
final class Cancellation {
    private Cancellation() {}

    static void requireEndedByItself(ConnectorException e) throws Broken {
        Broken.unless(
                e.error().category() == Category.CANCELLED,
                "A call that is cancelled ends with an error of category cancelled; this is what happened: %s",
                Checklist.sentence(e));
        // The host says in which call it ended an instance, and what the instance said if it said anything.
        Map<String, String> details = e.error().details();
        Broken.unless(
                !details.containsKey("call") || details.containsKey("guest_message"),
                "Cancelled, it did not end by itself: the host had to stop it. A guest that computes for long has to ask is_cancelled.");
    }
}
