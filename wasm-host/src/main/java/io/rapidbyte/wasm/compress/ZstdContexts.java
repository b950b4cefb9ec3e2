// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.compress;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * Zstandard contexts, kept for reuse: making one allocates about a megabyte of native memory, more work than compressing a
 * small batch.
 *
 * <p>A bounded pool instead of one context per thread, because runners own the threads: contexts of threads that ended or idle
 * would hold native memory that no one sees.
 */
final class ZstdContexts {
    private static final int FASTEST_LEVEL = 1;
    private static final Pool<ZstdCompressCtx> COMPRESSORS =
            new Pool<>(() -> new ZstdCompressCtx().setLevel(FASTEST_LEVEL));
    private static final Pool<ZstdDecompressCtx> DECOMPRESSORS = new Pool<>(ZstdDecompressCtx::new);

    private ZstdContexts() {}

    static int compress(byte[] source, int offset, int length, byte[] target, int targetOffset) {
        return COMPRESSORS.use(context ->
                context.compressByteArray(target, targetOffset, target.length - targetOffset, source, offset, length));
    }

    static int decompress(byte[] source, int offset, int length, byte[] target) {
        return DECOMPRESSORS.use(
                context -> context.decompressByteArray(target, 0, target.length, source, offset, length));
    }

    private static final class Pool<T extends AutoCloseable> {
        private final Supplier<T> maker;
        private final ArrayBlockingQueue<T> idle =
                new ArrayBlockingQueue<>(2 * Runtime.getRuntime().availableProcessors());

        Pool(Supplier<T> maker) {
            this.maker = maker;
        }

        int use(ToIntFunction<T> work) {
            T kept = idle.poll();
            T context = kept == null ? maker.get() : kept;
            boolean intact = false;
            try {
                int size = work.applyAsInt(context);
                intact = true;
                return size;
            } finally {
                // A context that met damaged input is in the middle of a frame.
                if (!intact || !idle.offer(context)) {
                    close(context);
                }
            }
        }

        private void close(T context) {
            try {
                context.close();
            } catch (Exception e) {
                throw new IllegalStateException("A Zstandard context could not be freed.", e);
            }
        }
    }
}
