// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** The kind of a failure ({@code docs/abi.md}, section 8). */
public enum Category {
    /** The configuration, the module or the pipeline file is wrong. */
    CONFIG,
    /** The other side did not accept the credentials. */
    AUTH,
    /** Something that was not granted, here or by the other side. */
    PERMISSION,
    /** The other side asks to slow down. */
    RATE_LIMIT,
    /** The network failed in a way that may pass. */
    TRANSIENT_NETWORK,
    /** The database failed in a way that may pass. */
    TRANSIENT_DB,
    /** A value that cannot be moved. */
    DATA,
    /** A table or column that is missing or does not fit. */
    SCHEMA,
    /** A defect of a connector or of the host, or an exhausted limit. */
    INTERNAL,
    /** A batch that is not what section 7 asks for. */
    FRAME,
    /** The run was cancelled. */
    CANCELLED;

    /** The name in error records, for example {@code transient_network}. */
    public String jsonName() {
        return JsonNames.of(this);
    }
}
