// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.Frame;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What is kept of a batch that was read: enough to tell whether another read yields the same.
 *
 * @param unit the unit of the plan it came from
 * @param sequence its number within the unit
 * @param rows how many rows it holds
 * @param bytes the size of its frame
 * @param hash the SHA-256 of its frame
 */
record ReadBatch(long unit, int sequence, int rows, int bytes, String hash) {
    static ReadBatch of(Frame frame) {
        return new ReadBatch(frame.unit(), frame.sequence(), frame.rows(), frame.bytes().length, sha256(frame.bytes()));
    }

    /** How two reads of the same units differ, in words; null when they do not. */
    static String difference(List<ReadBatch> first, List<ReadBatch> second) {
        for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
            ReadBatch a = first.get(i);
            ReadBatch b = second.get(i);
            if (a.unit() != b.unit() || a.sequence() != b.sequence()) {
                return "batch %d is %s in one and %s in the other".formatted(i, a.name(), b.name());
            }
            if (a.rows() != b.rows()) {
                return "%s has %d rows in one and %d in the other".formatted(a.name(), a.rows(), b.rows());
            }
            if (!a.hash().equals(b.hash())) {
                return "%s has other bytes in one than in the other".formatted(a.name());
            }
        }
        return first.size() == second.size()
                ? null
                : "there are %d batches in one and %d in the other".formatted(first.size(), second.size());
    }

    private String name() {
        return "batch " + sequence + " of unit " + unit;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }
}
