// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import com.dylibso.chicory.wasi.WasiExitException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Says in a {@link ConnectorException} how a guest failed. */
final class GuestFailures {
    private final String connector;
    private final Limits limits;
    private final GuestLines lines;

    GuestFailures(String connector, Limits limits, GuestLines lines) {
        this.connector = connector;
        this.limits = limits;
        this.lines = lines;
    }

    ConnectorException of(ConnectorError error, Throwable cause) {
        return new ConnectorException(connector, error, cause);
    }

    ConnectorException failed(String code, String message, Throwable cause) {
        return of(ConnectorError.of(Category.INTERNAL, code, message), cause);
    }

    ConnectorException violation(LifecycleCall call, ProtocolViolation violation) {
        return internal(call, violation.code(), violation.getMessage(), violation);
    }

    ConnectorException cancelled(LifecycleCall call, String guestMessage) {
        Map<String, String> details = new LinkedHashMap<>();
        details.put("call", call.export());
        if (guestMessage != null) {
            details.put("guest_message", guestMessage);
        }
        return of(
                ConnectorError.of(
                                Category.CANCELLED,
                                "cancelled",
                                "The connector " + connector + " was cancelled in " + call.export())
                        .withDetails(details),
                null);
    }

    /** A guest that did not return: it was stopped, it trapped, or the host gave up. */
    ConnectorException unwound(LifecycleCall call, CallGuard.Stop stop, boolean cancelled, Throwable thrown) {
        switch (stop) {
            case GUEST_TIMEOUT:
                return internal(
                        call,
                        "guest_timeout",
                        "computed for longer than its limit of "
                                + millis(limits.guestTime().toMillis()) + " without making progress",
                        null);
            case CALL_TIMEOUT:
                return internal(
                        call,
                        "guest_timeout",
                        "did not finish the call within "
                                + millis(limits.callTimeout().toMillis()),
                        null);
            case CANCELLED:
                return cancelled(call, null);
            default:
                return trapped(call, cancelled, thrown);
        }
    }

    private ConnectorException trapped(LifecycleCall call, boolean cancelled, Throwable thrown) {
        if (thrown instanceof ProtocolViolation violation) {
            return violation(call, violation);
        }
        if (cancelled || thrown instanceof ChicoryInterruptedException) {
            return cancelled(call, null);
        }
        if (thrown instanceof HostDefect) {
            return of(
                    ConnectorError.of(
                                    Category.INTERNAL,
                                    "host_defect",
                                    "The host failed while the connector " + connector + " was in " + call.export()
                                            + ": " + thrown.getMessage())
                            .withHint("This is a defect of Rapidbyte, please report it."),
                    thrown);
        }
        if (thrown instanceof StackOverflowError || thrown.getCause() instanceof StackOverflowError) {
            // The stack trace has thousands of equal frames, and says nothing.
            return internal(call, "guest_stack_overflow", "recursed until the stack ended", null);
        }
        if (thrown instanceof OutOfMemoryError) {
            return internal(call, "guest_out_of_memory", "found no memory left in this process", thrown);
        }
        if (thrown instanceof WasiExitException exit) {
            return internal(call, "guest_exit", "ended itself with exit code " + exit.exitCode(), null);
        }
        return internal(call, "guest_trap", "trapped: " + trapReason(thrown), thrown);
    }

    private ConnectorException internal(LifecycleCall call, String code, String what, Throwable cause) {
        String logged = lines.takeLastError();
        Map<String, String> details = new LinkedHashMap<>();
        details.put("call", call.export());
        if (logged != null) {
            details.put("last_log", logged);
        }
        String said = logged == null ? "" : "; the last error it logged is: " + logged;
        return of(
                ConnectorError.of(
                                Category.INTERNAL,
                                code,
                                "The connector " + connector + " " + what + " in " + call.export() + said)
                        .withDetails(details),
                cause);
    }

    private static String trapReason(Throwable thrown) {
        String message = thrown.getMessage();
        return message == null || message.isBlank() ? thrown.getClass().getSimpleName() : message.strip();
    }

    private static String millis(long millis) {
        return millis % 1_000 == 0 ? millis / 1_000 + " s" : millis + " ms";
    }
}
