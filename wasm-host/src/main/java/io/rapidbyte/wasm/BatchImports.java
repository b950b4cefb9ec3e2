// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.zip.CRC32C;

/** {@code emit_batch} and {@code next_batch}: the way of the data ({@code docs/abi.md}, section 7). */
final class BatchImports {
    /** Section 7.2. */
    static final int HEADER_BYTES = 40;

    private static final int HEADER_MAGIC = 'R' | 'B' << 8 | 'B' << 16 | '1' << 24;

    private final GuestMemory memory;
    private final CallContext context;
    private final CallGuard guard;
    private final FrameChecker checker = new FrameChecker();
    private final long maxFrameBytes;
    private final long maxRows;
    private final byte[] header = new byte[HEADER_BYTES];
    private final HostFunctions functions;

    private BatchImports(
            HostFunctions functions, GuestMemory memory, CallContext context, CallGuard guard, Limits limits) {
        this.functions = functions;
        this.memory = memory;
        this.context = context;
        this.guard = guard;
        this.maxFrameBytes = saturatedSum(limits.maxBatchBytes(), limits.maxRecordBytes());
        this.maxRows = limits.maxBatchRows();
    }

    static void addTo(
            HostFunctions functions, GuestMemory memory, CallContext context, CallGuard guard, Limits limits) {
        BatchImports imports = new BatchImports(functions, memory, context, guard, limits);
        functions.add(
                "emit_batch",
                type("ii", "i"),
                EnumSet.of(LifecycleCall.READ),
                HostFunctions.Progress.SUCCESS,
                HostFunctions.Reach.FAR,
                arguments -> imports.emit(arguments[0], arguments[1]));
        functions.add(
                "next_batch",
                type("ii", "l"),
                EnumSet.of(LifecycleCall.WRITE),
                HostFunctions.Progress.NEVER,
                HostFunctions.Reach.FAR,
                arguments -> imports.next(arguments[0], arguments[1] & 0xFFFF_FFFFL));
    }

    private long emit(long pointer, long length) throws ImportFailure {
        ReadState read = context.read();
        long unit = read.requireUnit();
        memory.requireRange(pointer, length);
        Frame frame;
        try {
            long size = length & 0xFFFF_FFFFL;
            if (size > maxFrameBytes) {
                // Before it is copied: the copy is what the limit is there to avoid.
                throw new FrameException(
                        "batch_too_large", "the batch has " + size + " bytes, and " + maxFrameBytes + " is the most");
            }
            byte[] bytes = memory.read(pointer, length);
            FrameInfo info = checker.check(bytes, maxFrameBytes);
            if (info.rows() > maxRows) {
                throw new FrameException(
                        "batch_too_large", "the batch has " + info.rows() + " rows, and " + maxRows + " is the most");
            }
            frame = new Frame(unit, read.nextSequence(), info.rows(), bytes);
        } catch (FrameException e) {
            read.refuse(e);
            throw ImportFailure.failed(e.error());
        }
        if (guard.isCancelled()) {
            throw ImportFailure.cancelled();
        }
        try {
            read.callbacks.emit(frame);
        } catch (RuntimeException | Error e) {
            throw new CallbackFailed(e);
        }
        read.emitted(frame.rows());
        functions.countBytes("emit_batch", frame.bytes().length);
        return 0;
    }

    private long next(long pointer, long capacity) throws ImportFailure {
        memory.requireRange(pointer, capacity);
        WriteState write = context.write();
        if (write.pending() == null) {
            if (write.ended()) {
                return ImportFailure.END;
            }
            if (askForCheckpoint(write)) {
                return ImportFailure.CHECKPOINT;
            }
            write.hold(takeNext(write.feed));
            if (write.ended()) {
                return ImportFailure.END;
            }
        }
        Frame frame = write.pending();
        long size = (long) HEADER_BYTES + frame.bytes().length;
        if (size > capacity) {
            return size;
        }
        fillHeader(frame);
        memory.write(pointer, header, 0, HEADER_BYTES);
        memory.write(pointer + HEADER_BYTES, frame.bytes(), 0, frame.bytes().length);
        write.taken();
        guard.progressed();
        functions.countBytes("next_batch", frame.bytes().length);
        return size;
    }

    private boolean askForCheckpoint(WriteState write) throws ImportFailure {
        return waitingFor(write::askForCheckpoint);
    }

    private Frame takeNext(BatchFeed feed) throws ImportFailure {
        return waitingFor(feed::next);
    }

    /** Something of the feed's that may take as long as it likes. */
    private interface Wait<T> {
        T run() throws InterruptedException;
    }

    private <T> T waitingFor(Wait<T> feed) throws ImportFailure {
        guard.beginWaiting();
        try {
            return feed.run();
        } catch (InterruptedException e) {
            // The guard sets the flag again when the guest has returned: with the flag set it could not roll back.
            guard.noteInterrupt();
            throw ImportFailure.cancelled();
        } catch (RuntimeException | Error e) {
            throw new CallbackFailed(e);
        } finally {
            guard.endWaiting();
        }
    }

    private void fillHeader(Frame frame) {
        ByteBuffer.wrap(header)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(HEADER_MAGIC)
                .putInt(HEADER_BYTES)
                .putLong(frame.unit())
                .putInt(frame.sequence())
                .putInt(frame.rows())
                .putLong(frame.bytes().length)
                .putInt(checksum(frame.bytes()))
                .putInt(0);
    }

    private static int checksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return (int) checksum.getValue();
    }

    private static long saturatedSum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }
}
