// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/**
 * Makes sure that what a host function calls has stack to run on. A guest can recurse until the thread's stack ends, and call a host
 * function one frame before that: a stack overflow inside of the runner or the JDK, in the middle of an update or of a class
 * initialiser, could leave them broken for the rest of the process. So host functions that leave this package first touch as much
 * stack as is usually needed: if there is less, the overflow happens here, where it does no harm. This costs some
 * microseconds, a few times a batch; functions that only move bytes do without, since what they could break is their own
 * connection.
 */
final class StackHeadroom {
    /** At least 45 KB of compiled frames (73 bytes each, measured); 250 KB while the JVM still interprets the probe. */
    private static final int FRAMES = 600;

    private StackHeadroom() {}

    /** Throws {@link StackOverflowError} when there is not enough stack. */
    static void require() {
        probe(FRAMES, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
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
