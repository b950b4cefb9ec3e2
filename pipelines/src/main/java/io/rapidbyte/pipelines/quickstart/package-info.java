// SPDX-License-Identifier: Apache-2.0
/**
 * The quick start: an embedded Postgres, a sample shop in it, the pipeline that copies it, and the proof in SQL that the
 * copy is equal. It runs the pipeline through the same code as a pipeline file of a user; nothing here is on that path.
 */
package io.rapidbyte.pipelines.quickstart;
