using Google.Protobuf;
using Grpc.Core;
using ResourceService.Server.Telemetry;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>Lines about single calls: what was asked for, of whom, how it was answered and why. Called where such lines are written.</summary>
internal static class AnswerLog
{
    /// <summary>A call, or a claim of a stream, was answered; each claim of a batch has a line of its own.</summary>
    public static void RequestAnswered(this ILogger logger, string method, IMessage? request, IMessage? response, Status? error)
    {
        var subject = CallSubject.Of(request, response, error).ToString();
        if (error is null)
            logger.CallAccepted(method, subject);
        else
            logger.CallRefused(method, (StatusCode)error.Code, MetricLabels.ErrorType(error), subject, error.Message);
        if (request is not V1.ClaimInstancesRequest batch || response is not V1.ClaimInstancesResponse answers)
            return;
        foreach (var (claim, result) in batch.Requests.Zip(answers.Results))
            logger.RequestAnswered(method, claim, result.Claim, result.Error);
    }
}
