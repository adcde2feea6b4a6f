using System.Diagnostics;
using Spectre.Console;

namespace ResourceService.Load.Reporting;

/// <summary>
/// Text for people: tables, and progress as a bar on a terminal or as a line now and then elsewhere. Goes to standard output, or to standard error
/// when standard output carries JSON.
/// </summary>
internal sealed class LoadConsole
{
    // Without a terminal the width is unknown; 80 columns would break the tables.
    private const int WidthWithoutTerminal = 160;
    private static readonly TimeSpan _barInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _lineInterval = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console;
    private readonly bool _isTerminal;

    public LoadConsole(bool useStandardError)
    {
        _isTerminal = useStandardError ? !Console.IsErrorRedirected : !Console.IsOutputRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(useStandardError ? Console.Error : Console.Out) });
        if (!_isTerminal)
        {
            _console.Profile.Width = WidthWithoutTerminal;
        }
    }

    public void Line(string text) => _console.WriteLine(text);

    public void Show(Table table) => _console.Write(table);

    /// <summary>Shows how far the work is until it ends. The work is asked for its state, so that it need not stop to tell it.</summary>
    public Task WatchAsync(string title, double total, Func<double> current, Task work) =>
        _isTerminal ? WatchBarAsync(title, total, current, work) : WatchLinesAsync(title, total, current, work);

    private async Task WatchBarAsync(string title, double total, Func<double> current, Task work)
    {
        var progress = _console.Progress().Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn());
        await progress.StartAsync(async context =>
        {
            var bar = context.AddTask(Markup.Escape(title), maxValue: total);
            while (!work.IsCompleted)
            {
                bar.Value = Math.Min(current(), total);
                await Task.WhenAny(work, Task.Delay(_barInterval));
            }
            bar.Value = work.IsCompletedSuccessfully ? total : bar.Value;
        });
        await work;
    }

    private async Task WatchLinesAsync(string title, double total, Func<double> current, Task work)
    {
        var start = Stopwatch.GetTimestamp();
        while (await Task.WhenAny(work, Task.Delay(_lineInterval)) != work)
        {
            Line($"{title}: {Math.Min(100, current() / total * 100):0} % after {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        }
        await work;
    }
}
