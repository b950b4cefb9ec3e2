// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileSummaryTest {
    private static final String WORKER =
            "[direct-runner-worker tid=5];org/apache/beam/runners/direct/Executor.run_[j];";
    private static final String SOURCE = "io/rapidbyte/connectors/SourcePostgresMachine";
    private static final String IN_SOURCE =
            WORKER + "io/rapidbyte/wasm/GuestInstance.exchange_[j];" + SOURCE + "FuncGroup_0.func_20_[j]";
    private static final String IN_DESTINATION =
            "[rapidbyte-writer-a tid=6];io/rapidbyte/wasm/GuestInstance.exchange_[j];"
                    + "io/rapidbyte/connectors/DestPostgresMachineFuncGroup_0.func_20_[j]";
    private static final String HOST_CALL = ";" + SOURCE + "Shaded.callHostFunction_[i]";

    @TempDir
    private Path folder;

    @Test
    void aGuestFunctionOwnsWhatItsOwnCodeAndItsMemoryAccessesTake() throws IOException {
        ProfileSummary summary = summary(
                IN_SOURCE + " 5",
                IN_SOURCE + ";" + SOURCE + "Shaded.memoryReadInt_[i];io/rapidbyte/wasm/LinearMemory.readInt_[i] 3",
                IN_SOURCE + ";" + SOURCE + "Shaded.memoryReadInt_[i];java/lang/Integer.compare_[i] 1",
                IN_SOURCE + ";" + SOURCE + "Shaded.memoryCopy_[j];jbyte_disjoint_arraycopy 1");
        assertThat(summary.parts(), is(Map.of(Part.GUEST_SOURCE, 10L)));
        assertThat(summary.guestFunctions(), hasSize(1));
        ProfileSummary.Entry function = summary.guestFunctions().get(0);
        assertThat(function.name(), is(nameOf(20)));
        assertThat(function.place(), is("source-postgres"));
        assertThat(function.samples(), is(10L));
        assertThat(function.supportSamples(), is(5L));
        assertThat(
                summary.guestSupport(),
                is(List.of(
                        new ProfileSummary.Entry("memoryReadInt", "source-postgres", 4, 4),
                        new ProfileSummary.Entry("memoryCopy", "source-postgres", 1, 1))));
        assertThat(summary.hostMethods(), is(empty()));
    }

    @Test
    void sourceAndDestinationAreToldApart() throws IOException {
        ProfileSummary summary = summary(IN_SOURCE + " 1", IN_DESTINATION + " 3");
        assertThat(summary.parts(), is(Map.of(Part.GUEST_SOURCE, 1L, Part.GUEST_DESTINATION, 3L)));
        assertThat(summary.share(Part.GUEST_DESTINATION), is(closeTo(0.75, 1e-9)));
    }

    @Test
    void whatTheGuestCallsInTheHostIsTheHosts() throws IOException {
        ProfileSummary summary = summary(
                IN_SOURCE + HOST_CALL + " 1",
                IN_SOURCE + HOST_CALL
                        + ";io/rapidbyte/wasm/HostFunctions.lambda$add$0_[j];io/rapidbyte/wasm/GuestMemory.read_[j];"
                        + "io/rapidbyte/wasm/LinearMemory.readBytes_[j];jbyte_disjoint_arraycopy 4");
        assertThat(summary.parts(), is(Map.of(Part.HOST, 5L)));
        assertThat(summary.hostMethods().get(0).name(), is("io/rapidbyte/wasm/LinearMemory.readBytes"));
    }

    @Test
    void theCheckingOfFramesStandsByItself() throws IOException {
        String emit = IN_SOURCE + HOST_CALL + ";io/rapidbyte/wasm/BatchImports.emit_[j];";
        ProfileSummary summary = summary(
                emit + "io/rapidbyte/wasm/FrameChecker.check_[j] 1",
                emit + "io/rapidbyte/wasm/FrameChecker.check_[j];org/apache/arrow/flatbuf/Message.version_[i] 1",
                emit + "io/rapidbyte/wasm/FrameChecker.check_[j];java/util/Arrays.equals_[i] 1");
        assertThat(summary.parts(), is(Map.of(Part.FRAME_CHECK, 3L)));
    }

    @Test
    void theKernelsWorkOnSocketsStandsByItself() throws IOException {
        String read =
                IN_SOURCE + HOST_CALL + ";io/rapidbyte/wasm/TcpImports.read_[j];sun/nio/ch/SocketDispatcher.read0_[j]";
        ProfileSummary summary = summary(
                read + ";Java_sun_nio_ch_SocketDispatcher_read0;__GI_read;do_syscall_64_[k];tcp_recvmsg_[k] 6",
                read + " 1");
        assertThat(summary.parts(), is(Map.of(Part.SOCKET, 6L, Part.HOST, 1L)));
    }

    @Test
    void aPageFaultBelongsToTheCodeThatMeetsIt() throws IOException {
        assertThat(summary(IN_SOURCE + ";asm_exc_page_fault_[k] 1").parts(), is(Map.of(Part.GUEST_SOURCE, 1L)));
    }

    @Test
    void batchesOnTheirWayAreTheRunners() throws IOException {
        ProfileSummary summary = summary(
                WORKER + "java/util/HashMap.get_[j] 1",
                IN_SOURCE + HOST_CALL + ";io/rapidbyte/beam/io/UnitsRead.emit_[j] 1");
        assertThat(summary.parts(), is(Map.of(Part.RUNNER, 2L)));
    }

    @Test
    void theVirtualMachinesOwnWorkIsToldApart() throws IOException {
        ProfileSummary summary = summary(
                "[C2 CompilerThre tid=2];clone3;Compile::Compile 1",
                "[C1 CompilerThre tid=3];clone3;Compilation::Compilation 1",
                "[GC Thread#0 tid=4];clone3;ScavengeRootsTask::work 4",
                "[VM Thread tid=5];clone3;VM_ParallelGCFailedAllocation::doit 8",
                "[VM Thread tid=5];clone3;SafepointSynchronize::end 16",
                "[main tid=1];io/rapidbyte/wasm/WasmHost.load_[0];com/dylibso/chicory/wasm/Parser.parse_[0] 32",
                "[main tid=1];org/postgresql/Driver.connect_[0] 64",
                "[main tid=1];java/util/HashMap.get_[0] 128");
        assertThat(
                summary.parts(),
                is(Map.of(
                        Part.COMPILER,
                        2L,
                        Part.COLLECTOR,
                        12L,
                        Part.LOADING,
                        32L,
                        Part.DRIVER,
                        64L,
                        Part.OTHER,
                        144L)));
        assertThat(summary.samples(), is(254L));
    }

    @Test
    void classesAreLoadedForAConnectorOrForTheRest() throws IOException {
        String load = "jdk/internal/loader/BuiltinClassLoader.loadClass_[0];java/util/zip/Inflater.inflate_[0]";
        assertThat(
                summary(WORKER + load + " 1", "[main tid=1];io/rapidbyte/wasm/BundledCode.find_[0];" + load + " 2")
                        .parts(),
                is(Map.of(Part.CLASSES, 1L, Part.LOADING, 2L)));
    }

    @Test
    void unpackingAModuleIsLoadingWhereverItHappens() throws IOException {
        ProfileSummary summary = summary(
                WORKER + "io/rapidbyte/wasm/SerializedModule.readResolve_[j];io/rapidbyte/wasm/Hashes.sha256_[j];"
                        + "sun/security/provider/SHA2.implCompress0_[j] 3");
        assertThat(summary.parts(), is(Map.of(Part.LOADING, 3L)));
        assertThat(
                summary.hostMethods(),
                is(List.of(new ProfileSummary.Entry(
                        "sun/security/provider/SHA2.implCompress0", Part.LOADING.label(), 3, 0))));
    }

    @Test
    void theTablesAreMarkdownAndAsLongAsAskedFor() throws IOException {
        String markdown = summary(
                        IN_SOURCE + " 1", IN_SOURCE + ";" + SOURCE + "FuncGroup_0.func_21_[j] 2", IN_DESTINATION + " 1")
                .toMarkdown(1);
        assertThat(markdown, startsWith("""
                | part | samples | share |
                | --- | ---: | ---: |
                | guest, source | 3 | 75.0 % |
                | guest, destination | 1 | 25.0 % |
                | all | 4 | 100.0 % |

                | guest function | connector | own share | of it memory access and checks |
                | --- | --- | ---: | ---: |
                """));
        assertThat(markdown, containsString("| `" + nameOf(21) + "` | source-postgres | 50.0 % | 0.0 % |\n"));
        assertThat(markdown.lines().count(), is(9L));
    }

    @Test
    void anEmptyProfileHasNoShares() throws IOException {
        ProfileSummary summary = summary();
        assertThat(summary.samples(), is(0L));
        assertThat(summary.share(Part.HOST), is(0.0));
        assertThat(summary.toMarkdown(5), containsString("| all | 0 | 0.0 % |"));
    }

    private ProfileSummary summary(String... lines) throws IOException {
        Path file = folder.resolve("in.collapsed");
        Files.write(file, List.of(lines));
        return FlameGraph.read(file).withGuestNames(GuestNames.ofBundled()).summary();
    }

    private static String nameOf(int function) throws IOException {
        return GuestNames.ofBundled()
                .find(SOURCE + "FuncGroup_0", "func_" + function)
                .orElseThrow()
                .name();
    }
}
