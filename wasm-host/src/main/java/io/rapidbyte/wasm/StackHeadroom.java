// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/**
 * Makes sure that a host function has stack to run on. A guest can recurse until the thread's stack ends, and call a host
 * function one frame before that: a stack overflow inside of the JDK or the runner, in the middle of a lock or of a class
 * initialiser, could leave them broken for the rest of the process. So a host function first touches as much stack as it may need: if
 * there is less, the overflow happens here, where it does no harm.
 */
final class StackHeadroom {
    /** Arguments beyond the sixth travel on the stack: a frame of the probe takes at least 14 times 8 bytes. */
    private static final int FRAME_BYTES = 112;

    /** For host functions that stay within the JDK. */
    static final int SMALL = 64 << 10;
    /** For host functions that call into the runner, TLS or name resolution. */
    static final int LARGE = 256 << 10;

    private StackHeadroom() {}

    /** Throws {@link StackOverflowError} when there are not about so many bytes of stack. */
    static void require(int bytes) {
        probe(bytes / FRAME_BYTES, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
    }

    /** The arguments are passed on changed, so that no compiler can turn the recursion into a loop over one frame. */
    private static long probe(
            int depth,
            long a,
            long b,
            long c,
            long d,
            long e,
            long f,
            long g,
            long h,
            long i,
            long j,
            long k,
            long l,
            long m,
            long n,
            long o,
            long p,
            long q,
            long r) {
        if (depth == 0) {
            return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r;
        }
        return 1 + probe(depth - 1, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, a);
    }
}
