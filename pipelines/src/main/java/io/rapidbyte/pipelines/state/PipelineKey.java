// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A number for the name of a pipeline, which is the same in every process and version, for locks that are told apart by numbers. */
final class PipelineKey {
    private PipelineKey() {}

    /** Returns 64 bits of a hash. */
    static long of(String pipeline) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("rapidbyte pipeline " + pipeline).getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(hash).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
