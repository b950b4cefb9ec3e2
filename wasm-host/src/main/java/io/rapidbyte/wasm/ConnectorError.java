// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.Map;
import java.util.Objects;

/**
 * One error record ({@code docs/abi.md}, section 8): everything a retry is decided by. Never holds a secret.
 *
 * @param category the kind of failure
 * @param scope what it concerns
 * @param code stable and short, for programs
 * @param message one sentence for the person who must act
 * @param hint what to do about it; empty when there is nothing to say
 * @param retryable whether the same call can succeed later
 * @param retryAfterMs how many milliseconds to wait before; null when the other side did not say
 * @param backoffClass {@code fast}, {@code normal} or {@code slow}
 * @param safeToRetry whether repeating the call cannot double anything
 * @param commitState what is known of the transaction
 * @param details anything else, as text
 */
public record ConnectorError(
        Category category,
        Scope scope,
        String code,
        String message,
        String hint,
        boolean retryable,
        Long retryAfterMs,
        String backoffClass,
        boolean safeToRetry,
        CommitState commitState,
        Map<String, String> details)
        implements Serializable {

    /** Checks that nothing but {@code retryAfterMs} is null, and copies the details. */
    public ConnectorError {
        Objects.requireNonNull(category, "category");
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(hint, "hint");
        Objects.requireNonNull(backoffClass, "backoffClass");
        Objects.requireNonNull(commitState, "commitState");
        details = Map.copyOf(details);
    }

    /** An error with the defaults of section 8: scope {@code stream}, not retryable, before the commit. */
    public static ConnectorError of(Category category, String code, String message) {
        return new ConnectorError(
                category,
                Scope.STREAM,
                code,
                message,
                "",
                false,
                null,
                "normal",
                false,
                CommitState.BEFORE_COMMIT,
                Map.of());
    }

    /** The same error without what is secret: it can hold names that a guest has chosen. */
    ConnectorError masked(Secrets secrets) {
        return new ConnectorError(
                category,
                scope,
                code,
                secrets.mask(message),
                secrets.mask(hint),
                retryable,
                retryAfterMs,
                backoffClass,
                safeToRetry,
                commitState,
                details);
    }

    /** The same error with a hint for the person who must act. */
    public ConnectorError withHint(String newHint) {
        return new ConnectorError(
                category,
                scope,
                code,
                message,
                newHint,
                retryable,
                retryAfterMs,
                backoffClass,
                safeToRetry,
                commitState,
                details);
    }

    /** The same error as one that a later attempt may not meet. Before a commit such an attempt is safe. */
    public ConnectorError asRetryable() {
        return new ConnectorError(
                category, scope, code, message, hint, true, retryAfterMs, backoffClass, true, commitState, details);
    }

    /** The same error concerning something smaller than the stream. */
    public ConnectorError withScope(Scope newScope) {
        return new ConnectorError(
                category,
                newScope,
                code,
                message,
                hint,
                retryable,
                retryAfterMs,
                backoffClass,
                safeToRetry,
                commitState,
                details);
    }

    /** The same error with other details. */
    public ConnectorError withDetails(Map<String, String> newDetails) {
        return new ConnectorError(
                category,
                scope,
                code,
                message,
                hint,
                retryable,
                retryAfterMs,
                backoffClass,
                safeToRetry,
                commitState,
                newDetails);
    }
}
