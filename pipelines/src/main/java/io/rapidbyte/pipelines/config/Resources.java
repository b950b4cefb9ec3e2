// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * The {@code resources} of a pipeline. What is null was not said, and the default of whoever uses it holds.
 *
 * @param parallelism threads
 * @param maxMemory memory of one connector instance at most
 * @param maxBatchBytes size of a batch
 * @param maxRecordBytes size of one record
 * @param maxRecords rows of one batch at most
 * @param maxInflightBatches batches between reading and writing
 * @param checkpointIntervalBytes bytes after which the destination commits inside of a bundle; 0: not before its end
 * @param checkpointIntervalRows rows after which it does; 0: as many as come
 * @param checkpointIntervalSeconds seconds after which it does; 0: however long it takes
 * @param compression {@code none}, {@code lz4} or {@code zstd}: of batches that leave the process
 * @param copyFlushBytes how much the destination encodes before it sends it
 * @param maxRetries how often a stream that failed for a passing reason is tried again
 * @param failFast whether the first stream that fails ends the others; null: no
 * @param autotune what is chosen by what is seen of the tables and the machine
 */
public record Resources(
        Parallelism parallelism,
        ByteSize maxMemory,
        ByteSize maxBatchBytes,
        ByteSize maxRecordBytes,
        Integer maxRecords,
        Integer maxInflightBatches,
        ByteSize checkpointIntervalBytes,
        Long checkpointIntervalRows,
        Long checkpointIntervalSeconds,
        String compression,
        ByteSize copyFlushBytes,
        Integer maxRetries,
        Boolean failFast,
        AutotuneSection autotune) {
    public Resources {
        parallelism = parallelism == null ? Parallelism.AUTO : parallelism;
        autotune = autotune == null ? AutotuneSection.DEFAULTS : autotune;
    }

    /** Everything by default. */
    public static final Resources DEFAULTS =
            new Resources(null, null, null, null, null, null, null, null, null, null, null, null, null, null);
}
