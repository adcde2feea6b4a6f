using ResourceService.Ledger.Migrations;
using Xunit;

namespace ResourceService.Ledger.Tests.Migrations;

public class MigrationTransitionsTests
{
    // A dash is a step that is refused.
    private const string Table = """
                   Renew      Prepare    Run      Finish    Confirm    Revert    Fail    Expire
        Preparing  Preparing  Preparing  Running  Finished  Confirmed  Reverted  Failed  Expired
        Running    Running    -          Running  Finished  Confirmed  Reverted  Failed  Expired
        Finished   Finished   -          -        Finished  Confirmed  Reverted  Failed  -
        Confirmed  -          -          -        -         Confirmed  -         -       -
        Reverted   -          -          -        -         -          Reverted  -       -
        Failed     -          -          -        -         -          -         Failed  -
        Expired    -          -          -        -         -          -         -       Expired
        """;

    public static MatrixTheoryData<MigrationState, MigrationStep> Cells => new(Enum.GetValues<MigrationState>(), Enum.GetValues<MigrationStep>());

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_step_in_every_state_does_what_the_table_says(MigrationState state, MigrationStep step) =>
        Assert.Equal(Read(state, step), MigrationTransitions.Next(state, step)?.ToString() ?? "-");

    [Fact]
    public void A_final_state_is_never_left() => Assert.All(
        Enum.GetValues<MigrationState>().Where(state => !state.IsInFlight()),
        state => Assert.All(Enum.GetValues<MigrationStep>(), step => Assert.Equal(state, MigrationTransitions.Next(state, step) ?? state)));

    private static string Read(MigrationState state, MigrationStep step)
    {
        var lines = Table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var column = Array.IndexOf(lines[0], step.ToString());
        return lines.Single(line => line[0] == state.ToString() && line.Length > lines[0].Length)[column + 1];
    }
}
