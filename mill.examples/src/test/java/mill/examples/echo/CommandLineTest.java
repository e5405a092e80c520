package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandLineTest {
  @Test
  void withoutArgumentsTheDemoDrivesItself() throws Exception {
    assertThat(CommandLine.parse()).isEqualTo(new Command.Drive(10, 3, 64, 64, 1, true));
  }

  @Test
  void everyOptionOfTheLoadIsRead() throws Exception {
    assertThat(parse("--seconds 1 --warmup 0 --connections 2 --size 3 --pipeline 4 --no-pin"))
        .isEqualTo(new Command.Drive(1, 0, 2, 3, 4, false));
  }

  @Test
  void everyOptionOfTheServerIsRead() throws Exception {
    assertThat(parse("--serve --port 0"))
        .isEqualTo(new Command.Serve("127.0.0.1", 0, Command.ANY_CPU, false, false));
    assertThat(parse("--child --cpu 1 --host ::1 --port 80 --serve"))
        .isEqualTo(new Command.Serve("::1", 80, 1, true, false));
    assertThat(parse("--serve --once"))
        .isEqualTo(new Command.Serve("127.0.0.1", 0, Command.ANY_CPU, false, true));
  }

  @Test
  void helpIsGivenWhateverElseIsAsked() throws Exception {
    assertThat(parse("--serve --help")).isEqualTo(new Command.Help());
    assertThat(CommandLine.USAGE)
        .contains("--seconds", "--warmup", "--connections", "--size", "--pipeline", "--no-pin")
        .contains("--serve", "--port", "--host", "--cpu", "--child", "--help");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--foo | unknown argument --foo: --help lists what there is",
        "8080 | unknown argument 8080: --help lists what there is",
        "--seconds | --seconds needs a value",
        "--seconds 0 | --seconds must be 1 to 86400, not 0",
        "--seconds ten | --seconds must be 1 to 86400, not ten",
        "--warmup -1 | --warmup must be 0 to 600, not -1",
        "--connections 10001 | --connections must be 1 to 10000, not 10001",
        "--size 0 | --size must be 1 to 1048576, not 0",
        "--pipeline 99999999999 | --pipeline must be 1 to 1024, not 99999999999",
        "--port 1 | --port has no meaning without --serve",
        "--child | --child has no meaning without --serve",
        "--serve | --serve needs --port, 0 lets the system choose",
        "--serve --port 65536 | --port must be 0 to 65535, not 65536",
        "--serve --port 1 --cpu 1024 | --cpu must be 0 to 1023, not 1024",
        "--serve --port 1 --size 64 | --size has no meaning with --serve",
        "--serve --port 1 --no-pin | --no-pin has no meaning with --serve",
      })
  void aBadArgumentIsOneLineThatSaysWhatIsWrong(String line, String message) {
    assertThatExceptionOfType(DemoFailure.class)
        .isThrownBy(() -> parse(line))
        .satisfies(failure -> {
          assertThat(failure.line()).isEqualTo(message);
          assertThat(failure.exitCode()).isEqualTo(2);
        });
  }

  private static Command parse(String line) throws DemoFailure {
    return CommandLine.parse(Arrays.stream(line.split(" ", -1)).toArray(String[]::new));
  }
}
