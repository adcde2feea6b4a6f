namespace ResourceService.Load.Driving;

/// <summary>What watchers beside a drive were sent, and how far they were behind when it ended.</summary>
/// <param name="Watchers">How many there were.</param>
/// <param name="ChangesPerSecond">Changes that each of them was sent per second, in the measured window.</param>
/// <param name="CatchUpMs">Milliseconds from the last answer of the drive until each had everything.</param>
internal sealed record WatchReport(int Watchers, double ChangesPerSecond, double CatchUpMs);
