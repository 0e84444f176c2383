"""The environments of the suite: an entry each."""

from __future__ import annotations

from edge_llm_env.registration import EnvironmentEntry, Tier, Tiers, register_environment

BATCHING = "EdgeLLM/Batching-v0"
BATCH_SELECTION = "EdgeLLM/BatchSelection-v0"
BANDWIDTH = "EdgeLLM/Bandwidth-v0"
COMPUTE = "EdgeLLM/Compute-v0"
JOINT = "EdgeLLM/Joint-v0"
CONTINUOUS_BATCHING = "EdgeLLM/ContinuousBatching-v0"
MULTI_NODE = "EdgeLLM/MultiNode-v0"
SCALING = "EdgeLLM/Scaling-v0"
SERVICE_LEVEL = "EdgeLLM/ServiceLevel-v0"

_OF_BATCHES = Tiers(
    easy=Tier("paper-bloom-3b", "hardly a request can wait, so the best batch of each epoch is all that there is"),
    medium=Tier("carry-over", "a request can wait one or two epochs, so what is postponed matters"),
    hard=Tier("bursty", "what a rush leaves can be served in the calm after it, if it is chosen with that in mind"),
)

SUITE = (
    EnvironmentEntry(
        BATCHING,
        "edge_llm_env.envs.batching.environment:BatchingEnv",
        "edge_llm_env.envs.batching.environment:BatchingVectorEnv",
        summary="admit one request, or dispatch the epoch; Discrete(Q+1), masked",
        question="Which requests make the batch, chosen one at a time by a masked policy?",
        default_scenario="paper-bloom-3b",
        tiers=_OF_BATCHES,
        chooses_batches=True,
        compared_in="carry-over",
    ),
    EnvironmentEntry(
        BATCH_SELECTION,
        "edge_llm_env.envs.batch_selection.environment:BatchSelectionEnv",
        "edge_llm_env.envs.batch_selection.environment:BatchSelectionVectorEnv",
        summary="name the epoch's whole batch; MultiBinary(Q)",
        question="Which requests make the batch, named at once, or by values that an exact solver decodes?",
        default_scenario="paper-bloom-3b",
        tiers=_OF_BATCHES,
        chooses_batches=True,
        compared_in="carry-over",
    ),
    EnvironmentEntry(
        BANDWIDTH,
        "edge_llm_env.envs.bandwidth.environment:BandwidthEnv",
        "edge_llm_env.envs.bandwidth.environment:BandwidthVectorEnv",
        summary="value the requests, from which bands and the epoch's parts follow; Box(Q)",
        question="Who gets how much of the radio's bands, and how long are uplink, computing and downlink?",
        default_scenario="embedding-uplink",
        tiers=Tiers(
            easy=Tier("carry-over", "the bands are ample: equal values serve within 1 % of what the best ones do"),
            medium=Tier(
                "embedding-uplink", "the uplink binds and the parts are free: as shares, equal ones serve nobody at all"
            ),
            hard=Tier(
                "mobile-uplink",
                "uploads carry over and users drive past: who waits for a better rate serves 6 % more than the epoch's "
                "oracle, and who knows all arrivals 12 %",
            ),
        ),
    ),
    EnvironmentEntry(
        COMPUTE,
        "edge_llm_env.envs.compute.environment:ComputeEnv",
        "edge_llm_env.envs.compute.environment:ComputeVectorEnv",
        summary="divide the node's modules among G model and precision variants; Box(G)",
        question="Which models, at which precision, should the node's modules host?",
        default_scenario="accuracy-tiers",
        tiers=Tiers(
            easy=Tier("carry-over", "one variant: all modules host it, and no module ever has to load"),
            medium=Tier(
                "quantization-choice", "three precisions of one model: a partition that never changes does well"
            ),
            hard=Tier(
                "specialists-compute",
                "a specialist loads for half as long as its phase of demand lasts: the best tuned rule serves 63 % of "
                "the arrivals, and who is told the phases 90 %",
            ),
        ),
    ),
    EnvironmentEntry(
        JOINT,
        "edge_llm_env.envs.joint.environment:JointEnv",
        "edge_llm_env.envs.joint.environment:JointVectorEnv",
        summary="values of requests, and modules, at once; Box(Q+G)",
        question="What do requests, bands, the epoch's parts and modules gain from being decided together?",
        default_scenario="accuracy-tiers",
        tiers=Tiers(
            easy=Tier("carry-over", "one variant and ample bands: equal values do what the oracle does"),
            medium=Tier("accuracy-tiers", "three models share the node, and the bands are ample"),
            hard=Tier(
                "specialists-compute",
                "a specialist loads for half as long as its phase of demand lasts: the epoch's oracle seldom moves",
            ),
        ),
    ),
    EnvironmentEntry(
        CONTINUOUS_BATCHING,
        "edge_llm_env.envs.continuous_batching.environment:ContinuousBatchingEnv",
        "edge_llm_env.envs.continuous_batching.environment:ContinuousBatchingVectorEnv",
        summary="admit, preempt, drop, or run the engine to the next event; Discrete, masked",
        question="Who joins an engine's running batch, and how many tokens of prompts go beside its decodes?",
        default_scenario="chat-4090",
        tiers=Tiers(
            easy=Tier(
                "chat-orin",
                "users are patient: in order of arrival three fifths are served, by a rule that chooses three quarters",
            ),
            medium=Tier("chat-4090", "in order of arrival a fifth is served, by a rule that chooses two thirds"),
            hard=Tier(
                "long-context", "the cache binds, lengths are only predicted, and a long prompt holds everybody up"
            ),
        ),
        counts_epochs=False,
    ),
    EnvironmentEntry(
        MULTI_NODE,
        "edge_llm_env.envs.multi_node.environment:MultiNodeEnv",
        "edge_llm_env.envs.multi_node.environment:MultiNodeVectorEnv",
        summary="bid for requests at every node and the cloud, and place models; Box(S·Q + N·G)",
        question="Which node serves whom, what goes to the cloud, and which models does each node hold?",
        default_scenario="two-cells",
        tiers=Tiers(
            easy=Tier("two-cells", "equal bids serve within a few percent of the best assignment of each epoch"),
            medium=Tier("hotspot", "a crowd moves on, and its requests are served by the neighbours' nodes"),
            hard=Tier(
                "placement",
                "a model loads for half as long as a crowd asks for it, and the order in which crowds ask is hidden",
            ),
        ),
    ),
    EnvironmentEntry(
        SCALING,
        "edge_llm_env.envs.scaling.environment:ScalingEnv",
        "edge_llm_env.envs.scaling.environment:ScalingVectorEnv",
        summary="how many of a rack's modules are on, and in groups of what size; Box(1 or 2)",
        question="When should modules be started and switched off, as the load comes and goes?",
        default_scenario="feeder-rack",
        tiers=Tiers(
            easy=Tier("carry-over", "modules start at once and cost nothing while they are idle"),
            medium=Tier("diurnal-rack", "the load rises and falls with the time of the day, which is seen"),
            hard=Tier(
                "feeder-rack",
                "a module starts for half as long as a crowd stays, and which feeder cells announce crowds, and how "
                "long before, is not told",
            ),
        ),
        counts_epochs=False,
    ),
    EnvironmentEntry(
        SERVICE_LEVEL,
        "edge_llm_env.envs.service_level.environment:ServiceLevelEnv",
        "edge_llm_env.envs.service_level.environment:ServiceLevelVectorEnv",
        summary="a variant for each request, and one for each module to hold; MultiDiscrete(Q+M)",
        question="How well is each request served, and which variants do the modules hold?",
        default_scenario="service-levels",
        tiers=Tiers(
            easy=Tier("carry-over", "one variant, so that a level is whether a request is served"),
            medium=Tier(
                "service-levels", "five variants of one model on three modules: what counts is the accuracy delivered"
            ),
            hard=Tier(
                "specialists", "a specialist loads for half as long as its phase of demand lasts, and phases are hidden"
            ),
        ),
    ),
)


def register_suite() -> None:
    """Register every environment of the suite; a second call changes nothing."""
    for entry in SUITE:
        register_environment(entry)
