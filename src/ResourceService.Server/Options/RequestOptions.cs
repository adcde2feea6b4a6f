namespace ResourceService.Server.Options;

/// <summary>What is remembered of requests. Configuration section <c>Requests</c>.</summary>
public sealed class RequestOptions
{
    /// <summary>The most requests whose ids are remembered, the oldest go first; about 100 bytes each. 0 to 100,000,000.</summary>
    public int RememberedMax { get; set; } = 2_000_000;

    /// <summary>How long a request is remembered at most, in minutes. 1 to 100,000.</summary>
    public int RememberedMinutes { get; set; } = 24 * 60;

    /// <summary>The largest message taken, in bytes. 1,024 to 1,073,741,824.</summary>
    public int MessageBytesMax { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// The most claims unanswered on one StreamClaims stream; the stream is read no further until some are. Enough to fill one transaction while
    /// another runs; more would only wait longer and outlive the collector's nursery. 1 to 100,000.
    /// </summary>
    public int StreamInFlightMax { get; set; } = 1_024;

    /// <summary>The most calls at a time on one connection. 1 to 100,000.</summary>
    public int StreamsPerConnectionMax { get; set; } = 1_024;

    /// <summary>
    /// How long a watcher may take for one message, in seconds, before it is told to come back: it holds memory as long as it does not read.
    /// 1 to 86,400.
    /// </summary>
    public int WatchStallSeconds { get; set; } = 60;

    /// <summary>
    /// How long a connection may take nothing of what waits to be sent on it, in seconds, before it is closed. Longer than
    /// <see cref="WatchStallSeconds"/>, a watcher learns first where to resume. One that has nothing to take may be quiet for ever. 2 to 86,400.
    /// </summary>
    public int AnswerStallSeconds { get; set; } = 120;

    /// <summary>How long calls in flight may take to end when the service stops, in seconds. 1 to 3,600.</summary>
    public int ShutdownSeconds { get; set; } = 10;
}
