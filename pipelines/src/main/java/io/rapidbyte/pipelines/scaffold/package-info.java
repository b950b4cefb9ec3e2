// SPDX-License-Identifier: Apache-2.0
/** Writes the beginning of a new connector. Knows the SDK's place and shape, and nothing of pipelines or of how modules run. */
package io.rapidbyte.pipelines.scaffold;
