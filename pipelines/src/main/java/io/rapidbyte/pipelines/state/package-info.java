// SPDX-License-Identifier: Apache-2.0

/** What a pipeline remembers between its runs: positions, runs, what became of each stream, and dead letters. */
package io.rapidbyte.pipelines.state;
