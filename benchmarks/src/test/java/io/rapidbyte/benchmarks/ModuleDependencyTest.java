// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Who may see whom. This module sees all the others, so the rule stands here; an arrow that points the other way is a
 * defect.
 */
class ModuleDependencyTest {
    private static final String HOST = "io.rapidbyte.wasm..";
    private static final String CONNECTORS = "io.rapidbyte.connectors..";
    private static final String BEAM_IO = "io.rapidbyte.beam.io..";
    private static final String TRANSFORMS = "io.rapidbyte.beam.transforms..";
    private static final String PIPELINES = "io.rapidbyte.pipelines..";
    private static final String BENCHMARKS = "io.rapidbyte.benchmarks..";

    private static JavaClasses ours;

    @BeforeAll
    static void readClasses() {
        ours = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.rapidbyte");
    }

    @Test
    void theClassesWereFound() {
        for (String name : new String[] {HOST, BEAM_IO, PIPELINES}) {
            String prefix = name.replace("..", "");
            long found = ours.stream()
                    .filter(type -> type.getPackageName().startsWith(prefix))
                    .count();
            assertThat("classes of " + prefix, found, greaterThan(5L));
        }
    }

    @Test
    void theHostKnowsNeitherBeamNorAnyOtherModule() {
        noClasses()
                .that()
                .resideInAPackage(HOST)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.beam..", BEAM_IO, TRANSFORMS, PIPELINES, BENCHMARKS, CONNECTORS)
                .check(ours);
    }

    @Test
    void theConnectorsKnowNothingOfOurs() {
        noClasses()
                .that()
                .resideInAPackage(CONNECTORS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(HOST, BEAM_IO, TRANSFORMS, PIPELINES, BENCHMARKS)
                .allowEmptyShould(true)
                .check(ours);
    }

    @Test
    void theInputAndOutputKnowOnlyTheHost() {
        noClasses()
                .that()
                .resideInAPackage(BEAM_IO)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TRANSFORMS, PIPELINES, BENCHMARKS, CONNECTORS)
                .check(ours);
    }

    @Test
    void theTransformsDoNotKnowThePipelines() {
        noClasses()
                .that()
                .resideInAPackage(TRANSFORMS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(PIPELINES, BENCHMARKS, CONNECTORS)
                .allowEmptyShould(true)
                .check(ours);
    }

    @Test
    void thePipelinesDoNotKnowTheBenchmarks() {
        noClasses()
                .that()
                .resideInAPackage(PIPELINES)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(BENCHMARKS)
                .check(ours);
    }

    /** Arrow's allocator needs a JVM flag that a stock worker does not have. */
    @Test
    void theDataPathDoesWithoutArrowsAllocator() {
        noClasses()
                .that()
                .resideInAnyPackage(HOST, BEAM_IO)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.arrow.memory..", "org.apache.arrow.vector..")
                .check(ours);
    }

    @Test
    void noPackagesOfOneModuleNeedEachOtherInACircle() {
        for (String module : new String[] {
            "io.rapidbyte.wasm", "io.rapidbyte.beam.io", "io.rapidbyte.pipelines", "io.rapidbyte.benchmarks"
        }) {
            slices().matching(module + ".(**)")
                    .should()
                    .beFreeOfCycles()
                    .allowEmptyShould(true)
                    .check(ours);
        }
    }

    @Test
    void everyClassLivesInTheNamespaceOfItsModule() {
        classes()
                .that()
                .resideInAPackage("io.rapidbyte..")
                .should()
                .resideInAnyPackage(HOST, CONNECTORS, BEAM_IO, TRANSFORMS, PIPELINES, BENCHMARKS)
                .check(ours);
    }
}
