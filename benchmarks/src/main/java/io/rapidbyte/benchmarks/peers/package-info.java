// SPDX-License-Identifier: Apache-2.0
/** What Rapidbyte is measured against: each peer copies one table between two schemas of one server. */
package io.rapidbyte.benchmarks.peers;
