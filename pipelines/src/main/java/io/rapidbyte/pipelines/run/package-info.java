// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a pipeline: finds its connectors, makes sure before anything is written that it can work, builds the Beam graph,
 * watches it, cleans up after it, and reports what it did. Knows nothing of command lines or of the quick start.
 */
package io.rapidbyte.pipelines.run;
