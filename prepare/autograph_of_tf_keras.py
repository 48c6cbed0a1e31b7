"""Let AutoGraph convert the functions of tf_keras once, instead of in every script.

AutoGraph does not convert functions of Keras, but it recognises them by their old module names only. So it converts
those of tf_keras in each process again, which is most of the time of a first `predict` (docs/performance.md). It
converts the code of a function without calling it, and caches the result. Each fork finds the cache.

`python prepare/autograph_of_tf_keras.py SCRIPT ...`, in an environment where Keras is tf_keras, prints the functions
that these scripts have converted and that are not listed here.
"""

import contextlib
import gc
import json
import linecache
import os
import re
import runpy
import sys
import tempfile
import types

import tensorflow as tf
from tensorflow.python.autograph.core import converter
from tensorflow.python.autograph.impl import api
from tensorflow.python.autograph.pyct import transpiler

# Decorated with `tf.function`.
REQUESTED = """
tensorflow/python/saved_model/signature_serialization.py:canonicalize_signatures.<locals>.signature_wrapper
tf_keras/src/engine/training.py:Model.make_predict_function.<locals>.predict_function
tf_keras/src/engine/training.py:Model.make_test_function.<locals>.test_function
tf_keras/src/engine/training.py:Model.make_train_function.<locals>.train_function
tf_keras/src/saving/legacy/saving_utils.py:trace_model_call.<locals>._wrapped_model
"""
# Called by functions of REQUESTED.
CALLED = """
contextlib.py:_BaseExitStack._create_exit_wrapper
contextlib.py:_BaseExitStack._push_cm_exit
contextlib.py:_BaseExitStack._push_exit_callback
contextlib.py:_BaseExitStack.enter_context
tensorflow/python/trackable/base.py:no_automatic_dependency_tracking.<locals>._method_wrapper
tensorflow/python/util/traceback_utils.py:filter_traceback.<locals>.error_handler
tensorflow_hub/keras_layer.py:KerasLayer._apply_output_shape_if_set
tensorflow_hub/keras_layer.py:KerasLayer._check_trainability
tensorflow_hub/keras_layer.py:KerasLayer.call
tf_keras/src/backend.py:_is_tpu_strategy_class
tf_keras/src/backend.py:is_tpu_strategy
tf_keras/src/backend.py:track_variable
tf_keras/src/constraints.py:get
tf_keras/src/dtensor/utils.py:running_with_dtensor_strategy
tf_keras/src/engine/base_layer.py:Layer.__call__
tf_keras/src/engine/base_layer.py:Layer._autographed_call
tf_keras/src/engine/base_layer.py:Layer._clear_losses
tf_keras/src/engine/base_layer.py:Layer._functional_construction_call
tf_keras/src/engine/base_layer.py:Layer._get_input_masks
tf_keras/src/engine/base_layer.py:Layer._get_unnested_name_scope
tf_keras/src/engine/base_layer.py:Layer._handle_activity_regularization
tf_keras/src/engine/base_layer.py:Layer._infer_output_signature
tf_keras/src/engine/base_layer.py:Layer._keras_tensor_symbolic_call
tf_keras/src/engine/base_layer.py:Layer._maybe_build
tf_keras/src/engine/base_layer.py:Layer._maybe_cast_inputs
tf_keras/src/engine/base_layer.py:Layer._name_scope
tf_keras/src/engine/base_layer.py:Layer._set_connectivity_metadata
tf_keras/src/engine/base_layer.py:Layer._set_mask_keras_history_checked
tf_keras/src/engine/base_layer.py:Layer._set_mask_metadata
tf_keras/src/engine/base_layer.py:Layer._set_save_spec
tf_keras/src/engine/base_layer.py:Layer._set_training_mode
tf_keras/src/engine/base_layer.py:Layer._should_use_autograph
tf_keras/src/engine/base_layer.py:Layer.add_update
tf_keras/src/engine/base_layer.py:Layer.add_weight
tf_keras/src/engine/base_layer.py:Layer.build
tf_keras/src/engine/base_layer.py:Layer.compute_mask
tf_keras/src/engine/base_layer.py:_in_functional_construction_mode
tf_keras/src/engine/base_layer_utils.py:call_context
tf_keras/src/engine/base_layer_utils.py:from_saved_model
tf_keras/src/engine/base_layer_utils.py:is_split_variable
tf_keras/src/engine/base_layer_utils.py:is_subclassed
tf_keras/src/engine/compile_utils.py:Container._conform_to_outputs
tf_keras/src/engine/compile_utils.py:Container._maybe_broadcast_to_outputs
tf_keras/src/engine/compile_utils.py:Container.build
tf_keras/src/engine/compile_utils.py:LossesContainer.__call__
tf_keras/src/engine/compile_utils.py:LossesContainer._create_metrics
tf_keras/src/engine/compile_utils.py:LossesContainer._should_broadcast
tf_keras/src/engine/compile_utils.py:LossesContainer.build
tf_keras/src/engine/compile_utils.py:MetricsContainer._create_ordered_metrics
tf_keras/src/engine/compile_utils.py:MetricsContainer._set_metric_names
tf_keras/src/engine/compile_utils.py:MetricsContainer._should_broadcast
tf_keras/src/engine/compile_utils.py:MetricsContainer.build
tf_keras/src/engine/compile_utils.py:MetricsContainer.update_state
tf_keras/src/engine/compile_utils.py:_create_pseudo_names
tf_keras/src/engine/compile_utils.py:create_pseudo_input_names
tf_keras/src/engine/compile_utils.py:create_pseudo_output_names
tf_keras/src/engine/compile_utils.py:map_missing_dict_keys
tf_keras/src/engine/compile_utils.py:map_to_output_names
tf_keras/src/engine/compile_utils.py:match_dtype_and_rank
tf_keras/src/engine/data_adapter.py:TensorLikeDataAdapter.__init__.<locals>.permutation
tf_keras/src/engine/data_adapter.py:TensorLikeDataAdapter.__init__.<locals>.slice_batch_indices
tf_keras/src/engine/data_adapter.py:TensorLikeDataAdapter.slice_inputs.<locals>.grab_batch
tf_keras/src/engine/data_adapter.py:unpack_x_y_sample_weight
tf_keras/src/engine/functional.py:Functional._compute_tensor_usage_count
tf_keras/src/engine/functional.py:Functional._conform_to_reference_input
tf_keras/src/engine/functional.py:Functional._flatten_to_reference_inputs
tf_keras/src/engine/functional.py:Functional._init_graph_network
tf_keras/src/engine/functional.py:Functional._run_internal_graph
tf_keras/src/engine/functional.py:Functional._set_output_names
tf_keras/src/engine/functional.py:Functional._validate_graph_inputs_and_outputs
tf_keras/src/engine/functional.py:Functional.call
tf_keras/src/engine/functional.py:_build_map
tf_keras/src/engine/functional.py:_build_map_helper
tf_keras/src/engine/functional.py:_make_node_key
tf_keras/src/engine/functional.py:_map_graph_network
tf_keras/src/engine/input_layer.py:Input
tf_keras/src/engine/input_spec.py:assert_input_compatibility
tf_keras/src/engine/node.py:Node.map_arguments
tf_keras/src/engine/sequential.py:Sequential._build_graph_network_for_inferred_shape
tf_keras/src/engine/sequential.py:Sequential.call
tf_keras/src/engine/sequential.py:clear_previously_created_nodes
tf_keras/src/engine/sequential.py:relax_input_shape
tf_keras/src/engine/sequential.py:track_nodes_created_by_last_call
tf_keras/src/engine/training.py:Model.__call__
tf_keras/src/engine/training.py:Model._set_save_spec
tf_keras/src/engine/training.py:Model._validate_target_and_loss
tf_keras/src/engine/training.py:Model.compute_loss
tf_keras/src/engine/training.py:Model.compute_metrics
tf_keras/src/engine/training.py:Model.get_metrics_result
tf_keras/src/engine/training.py:Model.make_predict_function.<locals>.step_function
tf_keras/src/engine/training.py:Model.make_test_function.<locals>.step_function
tf_keras/src/engine/training.py:Model.make_train_function.<locals>.step_function
tf_keras/src/engine/training.py:Model.predict_step
tf_keras/src/engine/training.py:Model.test_step
tf_keras/src/engine/training.py:Model.train_step
tf_keras/src/engine/training.py:_collective_all_reduce_multi_worker
tf_keras/src/engine/training.py:_is_dtensor_per_replica_instance
tf_keras/src/engine/training.py:_is_per_replica_instance
tf_keras/src/engine/training.py:reduce_per_replica
tf_keras/src/engine/training_utils.py:get_input_shape_and_dtype
tf_keras/src/engine/training_utils.py:get_static_batch_size
tf_keras/src/initializers/__init__.py:get
tf_keras/src/layers/core/dense.py:Dense.build
tf_keras/src/layers/core/dense.py:Dense.call
tf_keras/src/layers/core/lambda_layer.py:Lambda._check_variables
tf_keras/src/layers/core/lambda_layer.py:Lambda._warn
tf_keras/src/layers/core/lambda_layer.py:Lambda.call
tf_keras/src/layers/core/lambda_layer.py:Lambda.compute_mask
tf_keras/src/layers/merging/add.py:Add._merge_function
tf_keras/src/layers/merging/base_merge.py:_Merge.call
tf_keras/src/layers/merging/base_merge.py:_Merge.compute_mask
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._assign_moving_average
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._calculate_mean_and_var
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._get_training_value
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._moments
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._no_sync_calculate_mean_and_var
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase._support_zero_size_input
tf_keras/src/layers/normalization/batch_normalization.py:BatchNormalizationBase.call
tf_keras/src/layers/normalization/batch_normalization.py:_raise_for_non_sync_bn_with_renorm_and_dtensor_strategy
tf_keras/src/layers/pooling/global_average_pooling2d.py:GlobalAveragePooling2D.call
tf_keras/src/losses.py:Loss.__call__
tf_keras/src/losses.py:Loss._get_reduction
tf_keras/src/losses.py:LossFunctionWrapper.call
tf_keras/src/metrics/base_metric.py:MeanMetricWrapper.update_state
tf_keras/src/metrics/base_metric.py:Metric.__new__.<locals>.result_fn
tf_keras/src/metrics/base_metric.py:Metric.__new__.<locals>.update_state_fn
tf_keras/src/metrics/base_metric.py:Reduce.result
tf_keras/src/metrics/base_metric.py:Reduce.update_state
tf_keras/src/metrics/regression_metrics.py:RootMeanSquaredError.result
tf_keras/src/metrics/regression_metrics.py:RootMeanSquaredError.update_state
tf_keras/src/optimizers/adam.py:Adam.build
tf_keras/src/optimizers/adam.py:Adam.update_step
tf_keras/src/optimizers/legacy/gradient_descent.py:SGD._create_slots
tf_keras/src/optimizers/legacy/gradient_descent.py:SGD._prepare_local
tf_keras/src/optimizers/legacy/gradient_descent.py:SGD._resource_apply_dense
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._aggregate_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._assert_valid_dtypes
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._compute_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._create_all_weights
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._create_hypers
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._create_slots_for_sharded_variables
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._decayed_lr
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._distributed_apply.<locals>.apply_grad_to_update_var
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._get_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._get_hyper
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._prepare
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._prepare_local
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._transform_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._transform_loss
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._transform_unaggregated_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2._valid_dtypes
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2.add_weight
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2.apply_gradients
tf_keras/src/optimizers/legacy/optimizer_v2.py:OptimizerV2.minimize
tf_keras/src/optimizers/optimizer.py:Optimizer._apply_weight_decay
tf_keras/src/optimizers/optimizer.py:Optimizer._distributed_apply_gradients_fn.<locals>.apply_grad_to_update_var
tf_keras/src/optimizers/optimizer.py:Optimizer._internal_apply_gradients
tf_keras/src/optimizers/optimizer.py:Optimizer._var_key
tf_keras/src/optimizers/optimizer.py:Optimizer.add_variable_from_reference
tf_keras/src/optimizers/optimizer.py:Optimizer.aggregate_gradients
tf_keras/src/optimizers/optimizer.py:Optimizer.apply_gradients
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._build_index_dict
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._clip_gradients
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._compute_current_learning_rate
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._deduplicate_sparse_grad
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._update_step
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer._var_key
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer.add_variable_from_reference
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer.apply_gradients
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer.build
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer.compute_gradients
tf_keras/src/optimizers/optimizer.py:_BaseOptimizer.minimize
tf_keras/src/optimizers/sgd.py:SGD.build
tf_keras/src/optimizers/sgd.py:SGD.update_step
tf_keras/src/optimizers/utils.py:all_reduce_sum_gradients
tf_keras/src/optimizers/utils.py:filter_empty_gradients
tf_keras/src/regularizers.py:get
tf_keras/src/utils/control_flow_util.py:constant_value
tf_keras/src/utils/control_flow_util.py:smart_cond
tf_keras/src/utils/layer_utils.py:CallFunctionSpec.arg_was_passed
tf_keras/src/utils/layer_utils.py:CallFunctionSpec.get_arg_value
tf_keras/src/utils/layer_utils.py:CallFunctionSpec.set_arg_value
tf_keras/src/utils/layer_utils.py:CallFunctionSpec.split_out_first_arg
tf_keras/src/utils/losses_utils.py:ReductionV2.all
tf_keras/src/utils/losses_utils.py:ReductionV2.validate
tf_keras/src/utils/losses_utils.py:_num_elements
tf_keras/src/utils/losses_utils.py:_safe_mean
tf_keras/src/utils/losses_utils.py:apply_mask
tf_keras/src/utils/losses_utils.py:apply_valid_mask
tf_keras/src/utils/losses_utils.py:cast_losses_to_common_dtype
tf_keras/src/utils/losses_utils.py:compute_weighted_loss
tf_keras/src/utils/losses_utils.py:get_mask
tf_keras/src/utils/losses_utils.py:reduce_weighted_loss
tf_keras/src/utils/losses_utils.py:remove_squeezable_dimensions
tf_keras/src/utils/losses_utils.py:scale_loss_for_distribution
tf_keras/src/utils/losses_utils.py:squeeze_or_expand_dimensions
tf_keras/src/utils/metrics_utils.py:ragged_assert_compatible_and_get_flat_values
tf_keras/src/utils/metrics_utils.py:result_wrapper.<locals>.decorated
tf_keras/src/utils/metrics_utils.py:update_state_wrapper.<locals>.decorated
tf_keras/src/utils/tf_inspect.py:getfullargspec
tf_keras/src/utils/tf_inspect.py:isclass
tf_keras/src/utils/tf_utils.py:assert_no_legacy_layers
tf_keras/src/utils/tf_utils.py:get_shapes
tf_keras/src/utils/tf_utils.py:get_tensor_spec
tf_keras/src/utils/tf_utils.py:is_extension_type
tf_keras/src/utils/tf_utils.py:is_ragged
tf_keras/src/utils/tf_utils.py:is_tensor_or_extension_type
tf_keras/src/utils/traceback_utils.py:filter_traceback.<locals>.error_handler
tf_keras/src/utils/traceback_utils.py:inject_argument_info_in_traceback
"""


def options(requested):
    """Return the options with which AutoGraph converts a function. They are part of the key of its cache."""
    return converter.ConversionOptions(
        recursive=True, user_requested=requested, internal_convert_user_code=True, optional_features=()
    )


def name_of(code):
    """Return the name of code: its file relative to site-packages, and its qualified name."""
    return re.sub(r".*/(site-packages|python3\.\d+)/", "", code.co_filename) + ":" + code.co_qualname


def codes_in(code):
    """Yield code, and all code that is defined in it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from codes_in(each)


def functions():
    """Yield (name, function) for all live functions, and for all functions that are defined in them."""
    for function in gc.get_objects():
        if isinstance(function, types.FunctionType):
            for code in codes_in(function.__code__):
                cells = tuple(types.CellType(None) for _ in code.co_freevars)
                whole = code is function.__code__
                yield (
                    name_of(code),
                    function if whole else types.FunctionType(code, function.__globals__, code.co_name, None, cells),
                )


def convert():
    """Convert the listed functions that this version has and AutoGraph supports. Raises RuntimeError for none."""
    listed = [(True, set(REQUESTED.split())), (False, set(CALLED.split()))]
    converted = 0
    for name, function in functions():
        for requested, names in listed:
            if name in names:
                names.remove(name)
                # Scripts convert functions that cannot be converted without their closure.
                with contextlib.suppress(NotImplementedError, SyntaxError, ValueError):
                    convert_function(function, options(requested))
                    converted += 1
    if not converted:
        raise RuntimeError("no listed function could be converted: TensorFlow or tf_keras has changed")


def convert_function(function, wanted):
    """Convert a function. Keep the generated source in linecache: forks cannot read the generated file."""
    _, module, _ = api._TRANSPILER.transform_function(function, converter.ProgramContext(options=wanted))
    linecache.getlines(module.__file__)
    size, _, lines, name = linecache.cache[module.__file__]
    linecache.cache[module.__file__] = (
        size,
        None,
        lines,
        name,
    )  # without a modification time, linecache does not check the file


def converted_by(script):
    """Run a script in a fork. Return (requested, name) of each function that AutoGraph converts for it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        found = []
        original = transpiler.GenericTranspiler.transform_function

        def recording(self, function, context):
            result = original(self, function, context)
            found.append((context.options.user_requested, name_of(function.__code__)))
            return result

        transpiler.GenericTranspiler.transform_function = recording
        with contextlib.suppress(BaseException), tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            runpy.run_path(script, run_name="__main__")
        with open(writing, "w") as stream:
            json.dump(found, stream)
        os._exit(0)
    os.close(writing)
    with open(reading) as stream:
        found = json.load(stream)
    os.wait()
    return {tuple(each) for each in found}


if __name__ == "__main__":
    tf.keras.layers  # noqa: B018 - imports the rest of tf_keras
convert()
if __name__ == "__main__":
    new = set()
    for path in sys.argv[1:]:
        new |= converted_by(os.path.abspath(path))
    for requested, name in sorted(new):
        if "-packages" in name or not name.startswith(("/", "<")):
            print("requested" if requested else "called", name)
