// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** A host function fails: the status that the guest gets, and the record for {@code last_error}. */
final class ImportFailure extends Exception {
    private static final long serialVersionUID = 1L;

    /** {@code last_error} holds the record. */
    static final int FAILED = -1;

    static final int BAD_ARGUMENT = -2;
    static final int WRONG_STATE = -3;
    static final int CANCELLED = -4;
    /** Not failures: what {@code next_batch} returns instead of a batch. */
    static final int END = -5;

    static final int CHECKPOINT = -6;

    private final int status;
    private final transient ConnectorError error;

    private ImportFailure(int status, ConnectorError error) {
        // The guest sees the record, nobody the stack: it is not worth walking.
        super(error.message(), null, false, false);
        this.status = status;
        this.error = error;
    }

    static ImportFailure failed(ConnectorError error) {
        return new ImportFailure(FAILED, error);
    }

    static ImportFailure badArgument(String message) {
        return new ImportFailure(BAD_ARGUMENT, ConnectorError.of(Category.INTERNAL, "bad_argument", message));
    }

    static ImportFailure wrongState(String message) {
        return new ImportFailure(WRONG_STATE, ConnectorError.of(Category.INTERNAL, "wrong_state", message));
    }

    static ImportFailure cancelled() {
        return new ImportFailure(
                CANCELLED, ConnectorError.of(Category.CANCELLED, "cancelled", "The run is being cancelled"));
    }

    int status() {
        return status;
    }

    ConnectorError error() {
        return error;
    }
}
