// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.worker;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Compiled code that can be measured.
 *
 * @param commit the commit it was made of
 * @param branch its branch
 * @param dirty whether the tree differed from the commit
 * @param tree the source tree
 * @param classPath what a JVM needs to run it
 */
public record Build(String commit, String branch, boolean dirty, Path tree, List<Path> classPath) {
    public Build {
        classPath = List.copyOf(classPath);
    }

    /** The class path of this process. */
    public static List<Path> ownClassPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .toList();
    }
}
