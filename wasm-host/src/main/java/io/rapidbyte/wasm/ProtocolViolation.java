// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** A guest that breaks the protocol of calls. The message continues "the connector …". */
final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;

    ProtocolViolation(String code, String message) {
        super(message);
        this.code = code;
    }

    String code() {
        return code;
    }
}
