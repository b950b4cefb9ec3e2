// SPDX-License-Identifier: Apache-2.0
/**
 * Micro benchmarks of the parts that a batch passes on its way, one by one: decoding COPY in the source's guest, crossing into the
 * host, checking, encoding for transport, crossing back, encoding COPY in the destination's guest. Run by JMH in processes of their own.
 *
 * <p>What moves bytes is measured as throughput, and reports {@code megabytes} (10^6) a second beside its own score. What is a single step
 * is measured in nanoseconds.
 */
package io.rapidbyte.benchmarks.parts;
