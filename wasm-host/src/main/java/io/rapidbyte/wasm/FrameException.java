// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** Bytes that are not a frame. The message says what is wrong, without naming a connector. */
final class FrameException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;

    FrameException(String code, String message) {
        super(message);
        this.code = code;
    }

    ConnectorError error() {
        return ConnectorError.of(Category.FRAME, code, getMessage()).withScope(Scope.BATCH);
    }
}
