// SPDX-License-Identifier: Apache-2.0
/** Complete programs to start from. They use public API only, and compile with everything else. */
package io.rapidbyte.pipelines.examples;
