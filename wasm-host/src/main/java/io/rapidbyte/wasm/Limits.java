// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;

/**
 * How much an instance may use ({@code docs/abi.md}, section 10).
 *
 * @param memoryBytes most guest memory, in bytes
 * @param guestTime longest computation without a host call that made progress
 * @param callTimeout longest lifecycle call other than read, write and transform
 * @param maxBatchBytes target bound of a batch, in bytes
 * @param maxBatchRows most rows of a batch
 * @param maxRecordBytes bound of one record, in bytes
 * @param largeRecords what becomes of a record above that bound
 */
public record Limits(
        long memoryBytes,
        Duration guestTime,
        Duration callTimeout,
        long maxBatchBytes,
        long maxBatchRows,
        long maxRecordBytes,
        RecordPolicy largeRecords)
        implements Serializable {

    private static final Limits DEFAULTS = new Limits(
            128L << 20,
            Duration.ofSeconds(30),
            Duration.ofSeconds(120),
            4L << 20,
            Integer.MAX_VALUE,
            64L << 20,
            RecordPolicy.FAIL);

    /** Checks that every limit is above zero. */
    public Limits {
        requirePositive("memoryBytes", memoryBytes);
        requirePositive("guestTime", guestTime.toNanos());
        requirePositive("callTimeout", callTimeout.toNanos());
        requirePositive("maxBatchBytes", maxBatchBytes);
        requirePositive("maxBatchRows", maxBatchRows);
        requirePositive("maxRecordBytes", maxRecordBytes);
        Objects.requireNonNull(largeRecords, "largeRecords");
    }

    /** 128 MiB of memory, 30 s of computation, 120 s a call, batches of 4 MiB, records of 64 MiB, of which larger ones fail. */
    public static Limits defaults() {
        return DEFAULTS;
    }

    /** The smaller of each limit, and the policy of this. */
    public Limits smaller(Limits other) {
        return new Limits(
                Math.min(memoryBytes, other.memoryBytes),
                shorter(guestTime, other.guestTime),
                shorter(callTimeout, other.callTimeout),
                Math.min(maxBatchBytes, other.maxBatchBytes),
                Math.min(maxBatchRows, other.maxBatchRows),
                Math.min(maxRecordBytes, other.maxRecordBytes),
                largeRecords);
    }

    /** The same limits with another amount of guest memory, in bytes. */
    public Limits withMemoryBytes(long bytes) {
        return new Limits(bytes, guestTime, callTimeout, maxBatchBytes, maxBatchRows, maxRecordBytes, largeRecords);
    }

    /** The same limits with another computation time. */
    public Limits withGuestTime(Duration time) {
        return new Limits(memoryBytes, time, callTimeout, maxBatchBytes, maxBatchRows, maxRecordBytes, largeRecords);
    }

    /** The same limits with another call timeout. */
    public Limits withCallTimeout(Duration timeout) {
        return new Limits(memoryBytes, guestTime, timeout, maxBatchBytes, maxBatchRows, maxRecordBytes, largeRecords);
    }

    /** The same limits with another target size of batches, in bytes. */
    public Limits withMaxBatchBytes(long bytes) {
        return new Limits(memoryBytes, guestTime, callTimeout, bytes, maxBatchRows, maxRecordBytes, largeRecords);
    }

    /** The same limits with another bound of one record, in bytes. */
    public Limits withMaxRecordBytes(long bytes) {
        return new Limits(memoryBytes, guestTime, callTimeout, maxBatchBytes, maxBatchRows, bytes, largeRecords);
    }

    /** The same limits with another number of rows of a batch. */
    public Limits withMaxBatchRows(long rows) {
        return new Limits(memoryBytes, guestTime, callTimeout, maxBatchBytes, rows, maxRecordBytes, largeRecords);
    }

    /** The same limits with another policy for records above {@link #maxRecordBytes()}. */
    public Limits withLargeRecords(RecordPolicy policy) {
        return new Limits(memoryBytes, guestTime, callTimeout, maxBatchBytes, maxBatchRows, maxRecordBytes, policy);
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private static void requirePositive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException("The limit " + name + " must be above zero, not " + value + ".");
        }
    }
}
