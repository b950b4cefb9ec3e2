// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.GuestLog;
import org.slf4j.event.Level;

/** Listens to what a connector says, in log lines and in errors, for secrets that the host had to mask. */
final class GuestVoice implements GuestLog {
    /** What the host puts in the place of a secret. */
    private static final String MASK = "***";

    private final GuestLog next;
    private volatile String masked;

    GuestVoice(GuestLog next) {
        this.next = next;
    }

    @Override
    public void line(Level level, String text) {
        listen("a log line", text);
        next.line(level, text);
    }

    @Override
    public Level threshold() {
        return next.threshold();
    }

    void failed(ConnectorException e) {
        listen("an error", e.getMessage());
    }

    /** What was said with a masked secret in it; null when there was nothing. */
    String masked() {
        return masked;
    }

    private void listen(String where, String text) {
        if (masked == null && text.contains(MASK)) {
            masked = where + ": " + text.strip().replaceAll("\\s*\\R\\s*", " ");
        }
    }
}
