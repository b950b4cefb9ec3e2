// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/**
 * Checks frames ({@code docs/abi.md}, section 7.1) and looks inside, without Arrow's allocator.
 */
public final class ArrowFrames {
    private ArrowFrames() {}

    /**
     * Checks a frame.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static FrameInfo inspect(byte[] frame) {
        throw new UnsupportedOperationException("inspect");
    }

    /**
     * Checks a schema stream: a schema and no batch.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static FrameInfo.Schema inspectSchema(byte[] schemaStream) {
        throw new UnsupportedOperationException("inspectSchema");
    }

    /**
     * The schema of a frame as an Arrow IPC stream without a batch.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static byte[] schemaOf(byte[] frame) {
        throw new UnsupportedOperationException("schemaOf");
    }
}
