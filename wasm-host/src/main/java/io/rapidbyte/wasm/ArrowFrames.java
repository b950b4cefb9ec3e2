// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Arrays;

/**
 * Checks frames ({@code docs/abi.md}, section 7.1) and looks inside, without Arrow's allocator and so without JVM flags.
 * Thread-safe.
 */
public final class ArrowFrames {
    private static final byte[] END_OF_STREAM = {-1, -1, -1, -1, 0, 0, 0, 0};

    /** A checker remembers the latest schema; a thread mostly sees batches of one stream. */
    private static final ThreadLocal<FrameChecker> CHECKERS = ThreadLocal.withInitial(FrameChecker::new);

    private ArrowFrames() {}

    /**
     * Checks a frame.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static FrameInfo inspect(byte[] frame) {
        try {
            return CHECKERS.get().check(frame, FrameChecker.MAX_FRAME_BYTES);
        } catch (FrameException e) {
            throw failed("batch", e);
        }
    }

    /**
     * Checks a schema stream: a schema and no batch.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static FrameInfo.Schema inspectSchema(byte[] schemaStream) {
        try {
            return CHECKERS.get().checkSchemaStream(schemaStream).info;
        } catch (FrameException e) {
            throw failed("schema", e);
        }
    }

    /**
     * The schema of a frame as an Arrow IPC stream without a batch.
     *
     * @throws ConnectorException of category {@code frame} that says what is wrong
     */
    public static byte[] schemaOf(byte[] frame) {
        int size = inspect(frame).schemaBytes();
        byte[] stream = Arrays.copyOf(frame, size + END_OF_STREAM.length);
        System.arraycopy(END_OF_STREAM, 0, stream, size, END_OF_STREAM.length);
        return stream;
    }

    private static ConnectorException failed(String what, FrameException e) {
        return new ConnectorException(what, e.error(), e);
    }
}
