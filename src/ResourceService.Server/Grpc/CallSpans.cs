using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using ResourceService.Server.Telemetry;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>What the span of a call tells besides its times: what it was about, how it ended and why. Called for spans that are recorded.</summary>
internal static class CallSpans
{
    // A batch has up to a thousand claims, and a collector takes 128 events of a span unless told otherwise.
    private const int EntriesMax = 64;

    private static readonly string[] _names =
        [.. CallSubject.Kinds.Select(kind => $"resource_service.{kind.Replace("_id", ".id", StringComparison.Ordinal)}")];

    /// <summary>Tells of one call, or of one claim of a stream.</summary>
    public static void Describe(Activity span, IMessage? request, IMessage? response, Status? error)
    {
        foreach (var (name, value) in Tags(CallSubject.Of(request, response, error), error))
            span.SetTag(name, value);
        if (request is V1.ClaimInstancesRequest batch && response is V1.ClaimInstancesResponse answers)
            DescribeEntries(span, batch, answers);
    }

    // What is looked for first: claims that were refused for what they asked, then those that others of an all or nothing batch took along.
    private static void DescribeEntries(Activity span, V1.ClaimInstancesRequest batch, V1.ClaimInstancesResponse answers)
    {
        var refused = answers.Results.Count(result => result.Error is not null);
        span.SetTag("resource_service.batch.accepted", answers.Results.Count - refused);
        span.SetTag("resource_service.batch.refused", refused);
        foreach (var (request, result) in batch.Requests.Zip(answers.Results).OrderBy(entry => Rank(entry.Second.Error)).Take(EntriesMax))
        {
            var tags = Tags(CallSubject.Of(request, result.Claim, result.Error), result.Error);
            span.AddEvent(new ActivityEvent("claim", tags: [.. tags.Select(tag => new KeyValuePair<string, object?>(tag.Name, tag.Value))]));
        }
    }

    private static int Rank(Status? error) => error is null ? 2 : MetricLabels.ErrorType(error) == MetricLabels.BatchNotApplied ? 1 : 0;

    private static IEnumerable<(string Name, string Value)> Tags(CallSubject subject, Status? error)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            if (subject[i] is { } id)
                yield return (_names[i], id);
        }

        yield return ("resource_service.outcome", MetricLabels.OutcomeOf((StatusCode)(error?.Code ?? 0)));
        if (error is null)
            yield break;
        yield return (RpcAttributes.ErrorType, MetricLabels.ErrorType(error));
        // The first reasons stand in the message.
        yield return ("resource_service.refusal", TrailerBounds.Fit(error).Message);
    }
}
