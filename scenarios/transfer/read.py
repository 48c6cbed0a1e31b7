# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/21730"
# files = ["models.py"]
# on-request = true
#
# [tool.harness.parameters]
# model = [
#     "dense", "compiled", "convolution", "same_class", "functional", "rnn", "embedding", "text", "lookup",
#     "normalization", "registered", "custom_objects", "registered_functions", "lambda_layer", "subclassed", "nested",
#     "attention", "mixed_precision", "hub_layer",
# ]
# format = [".keras", ".h5", "tf", ".weights.h5", "checkpoint", "export", "json"]
# option = ["plain", "compile=False", "safe_mode=False", "custom_objects", "TFSMLayer"]
#
# [[tool.harness.skip]]
# option = "compile=False"
# model = "*,!compiled,!registered_functions"
#
# [[tool.harness.skip]]
# option = "compile=False"
# format = "*,!.keras,!.h5,!tf"
#
# [[tool.harness.skip]]
# option = "safe_mode=False"
# model = "*,!lambda_layer"
#
# [[tool.harness.skip]]
# option = "safe_mode=False"
# format = "*,!.keras,!.h5"
#
# [[tool.harness.skip]]
# option = "custom_objects"
# model = "*,!registered_functions"
#
# [[tool.harness.skip]]
# option = "custom_objects"
# format = "*,!.keras,!.h5,!tf"
#
# [[tool.harness.skip]]
# option = "TFSMLayer"
# format = "*,!tf,!export"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Could not locate class '(Sequential|Functional|TwoBranches)''''
# cases = "*format=json*"
# label = "by design"
# note = "Keras 3 does not read the text that model.to_json() of Keras 2 writes: it names classes without their modules. Make the model with your code, and pass get_weights() as NumPy arrays to set_weights()."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Unknown layer: '?TwoBranches|'str' object is not callable'''
# cases = "*[model=subclassed?format=json*"
# label = "bug"
# note = "model.to_json() writes a registered subclassed model without the name of its package, so that Keras 2 does not find the registration. Make the model with your code, and pass get_weights() as NumPy arrays to set_weights()."
#
# [[tool.harness.label]]
# stage = "open"
# error = "KeyError: 'query_shape'"
# cases = "*[model=attention?format=json*"
# label = "bug"
# note = "TensorFlow 2.4 writes this layer without the shapes of its inputs, which later versions need. Load it in TensorFlow 2.4."
#
# [[tool.harness.label]]
# stage = "saving again"
# error = "Cannot convert value 'mixed_float16' to a TensorFlow DType"
# label = "by design"
# note = "TensorFlow 2.4 takes the precision policy that a later version writes for a type, so that it cannot save the model again. Read the file with the version that wrote it, or a newer one."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Python objects (that )?were not bound to checkpointed values"
# cases = "*[model=text?format=checkpoint*,*[model=lookup?format=checkpoint*"
# label = "bug"
# note = "TensorFlow 2.4, TensorFlow 2.10 to 2.15, and Keras 3 name the parts of a layer with a vocabulary differently in a checkpoint. Read it in a version of the group that wrote it. For another version, make the vocabulary in code, and assign() the values of trainable_weights one by one."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Python objects (that )?were not bound to checkpointed values"
# cases = "*format=checkpoint*"
# label = "by design"
# note = "Keras 2 and Keras 3 name the variables of a checkpoint differently. Read it in a version of the Keras that wrote it, and pass get_weights() as NumPy arrays to set_weights() in the other."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "restore a checkpoint from a legacy (TF-)?Keras optimizer into a v2\\.11\\+ Optimizer"
# label = "by design"
# note = "TensorFlow 2.11 has new optimizer classes. Compile the model with one of tf.keras.optimizers.legacy before the checkpoint is restored."
# link = "https://github.com/tensorflow/tensorflow/releases/tag/v2.11.0"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Received incompatible tensor with shape .* when attempting to restore variable"
# cases = "*[model=mixed_precision?format=checkpoint*"
# label = "bug"
# note = "Keras 3.9.2 stores the variables of a model with mixed precision in another order than Keras 3.4.1 and 3.14.0. Read the checkpoint in the version that wrote it, and pass get_weights() as NumPy arrays to set_weights() in the other."
#
# [[tool.harness.label]]
# stage = "saving again"
# error = "not an instance of `tf.Variable` is not supported in h5"
# label = "by design"
# note = "TensorFlow 2.11 and older do not save the vocabulary of a layer to HDF5."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "predictions"
# error = "(?s)Binding inputs to tf.function .*float16|Python inputs incompatible with input_signature"
# cases = "*[model=mixed_precision?format=export*"
# label = "bug"
# note = "export() of Keras 3.4.1 writes a model with mixed precision so that it takes float16 only. Export it with Keras 3.9.2 or later."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Python objects (that )?were not bound to checkpointed values"
# cases = "*[model=text?format=tf?*,*[model=lookup?format=tf?*"
# label = "by design"
# note = "TensorFlow 2.4 puts the table of a layer with a vocabulary into a SavedModel in a form that later versions do not read. Read it in TensorFlow 2.4."
# link = "https://www.tensorflow.org/guide/versions"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Unable to restore object of class '(TextVectorization|MultiHeadAttention)'"
# cases = "*format=tf?*"
# label = "bug"
# note = "TensorFlow 2.10 does not restore this layer from a SavedModel of another version. Read it in the TensorFlow that wrote it."
#
# [[tool.harness.label]]
# stage = "weights"
# error = "weights differ"
# cases = "*[model=attention?format=tf?*"
# environments = "tf2.4*"
# label = "bug"
# note = "TensorFlow 2.4 restores a part of the weights of MultiHeadAttention from a SavedModel, without an error. Use .h5 or .weights.h5."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''expected str, bytes or os\.PathLike object, not NoneType'''
# cases = "*[model=text?format=.keras*"
# label = "bug"
# note = "TensorFlow 2.13 and 2.15 do not read each other's .keras file of this layer. Read it in the version that wrote it."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Only instances of `keras\.Layer` can be added to a Sequential model\. Received: <tensorflow_hub'''
# label = "dependency"
# note = "hub.KerasLayer is a layer of Keras 2, which Keras 3 does not accept. With TF_USE_LEGACY_KERAS=1 it is a layer of tf-keras."
# link = "https://github.com/tensorflow/tensorflow/issues/65419"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Unknown layer: '?TwoBranches'''
# cases = "*[model=subclassed?format=.h5*"
# label = "bug"
# note = "Keras 3 writes a registered subclassed model to .h5 without the name of its package, so that the registration is not found. Use .keras, and read it in Keras 3."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''passed to MultiHeadAttention: \{'query_shape'''
# label = "by design"
# note = "Keras 2 writes the shapes of the inputs of this layer, which Keras 3 does not take. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''KeyError: 'query_shape'|MultiHeadAttention\.build\(\) missing 1 required positional argument'''
# cases = "*[model=attention?format=.h5*"
# label = "bug"
# note = "TensorFlow 2.4 writes this layer to .h5 without the shapes of its inputs, which later versions need. Load the file in TensorFlow 2.4."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''\('Keyword argument not understood:', '(keepdims|invert|query_shape|sparse|encoding)'\)|StringLookup may only have a dtype'''
# label = "by design"
# note = "A newer Keras 2 writes a setting that an older one does not know. Read the file with the version that wrote it, or a newer one."
#
# [[tool.harness.label]]
# stage = "predictions"
# error = '''the largest difference is'''
# cases = "*[model=normalization?format=.h5*"
# environments = "tf2.16*,keras3.3*,keras3.4*,keras3.5*"
# label = "fixed in Keras 3.6.0"
# note = "Reading an .h5 file, Keras 3 before 3.6.0 loses the mean and the variance of Normalization, without an error."
# link = "https://github.com/keras-team/keras/commit/777d2b753b016f33764874532145f43a00d73910"
#
# [[tool.harness.label]]
# stage = "open"
# error = "^Timeout: over|Invalid Functional model configuration"
# cases = "*[model=nested?format=.h5*"
# environments = "tf2.16*,tf2.17*,tf2.18*,tf2.19*,tf2.20*,tf2.21*,keras3*,!*-legacy"
# label = "bug"
# note = "Keras 3 does not read an .h5 file of Keras 2 that has a functional model inside another one: before 3.15 it never ends. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
# link = "https://github.com/keras-team/keras/pull/19669"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Unrecognized keyword arguments:(',)? (dict_keys\\()?\\['batch_shape'"
# cases = "*[model=text?*"
# label = "by design"
# note = "Keras 3 writes settings that Keras 2 does not know. Make the model and its vocabulary with your code, and assign() the values of trainable_weights one by one."
# link = "https://github.com/tensorflow/tensorflow/issues/64685"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Unrecognized keyword arguments:(',)? (dict_keys\\()?\\['batch_shape'"
# label = "by design"
# note = "Keras 3 writes settings that Keras 2 does not know. Make the model with your code, and pass get_weights() as NumPy arrays to set_weights()."
# link = "https://github.com/tensorflow/tensorflow/issues/64685"
#
# [[tool.harness.label]]
# stage = "open"
# error = "File format not supported: filepath=saved_model"
# cases = "*[model=functional?format=tf?*"
# label = "removed"
# note = "Keras 3 does not read a SavedModel with load_model(). Load it with TF_USE_LEGACY_KERAS=1; for prediction, call what tf.saved_model.load() returns."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "File format not supported: filepath=saved_model"
# label = "removed"
# note = "Keras 3 does not read a SavedModel with load_model(). For prediction use keras.layers.TFSMLayer; to get the model back, load it with TF_USE_LEGACY_KERAS=1."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "passed to DepthwiseConv2D: \\{'groups': 1\\}"
# label = "bug"
# note = "Keras 2 writes a setting that this layer of Keras 3 does not take. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
# link = "https://github.com/keras-team/keras/issues/19151"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Layer '\\w+' expected \\d+ variables, but received 0 variables during loading|Cannot assign value to variable ' ?\\w+/kernel:0': Shape mismatch"
# cases = "*[model=text?format=.weights.h5*,*[model=text?format=json*"
# label = "bug"
# note = "The names in .weights.h5 files changed in TensorFlow 2.12, 2.14, 2.15 and Keras 3, so that the reader does not find the weights. Make the vocabulary in code, and assign() the values of trainable_weights one by one; or read the file in the version that wrote it."
# link = "https://github.com/keras-team/keras/issues/18913"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Layer '\\w+' expected \\d+ variables, but received 0 variables during loading|Cannot assign value to variable ' ?\\w+/kernel:0': Shape mismatch"
# cases = "*format=.weights.h5*,*format=json*"
# label = "bug"
# note = "The names in .weights.h5 files changed in TensorFlow 2.12, 2.14, 2.15 and Keras 3, so that the reader does not find the weights. Rename a file of TensorFlow 2.11 or older to end in .h5 alone: load_weights() then reads it. From TensorFlow 2.12 to 2.15, and from tf-keras, save the weights to a name that ends in .h5 alone. From Keras 3, pass get_weights() as NumPy arrays to set_weights()."
# link = "https://github.com/keras-team/keras/issues/18913"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Layer '\\w+' expected \\d+ variables, but received 0 variables during loading|Cannot assign value to variable ' ?\\w+/kernel:0': Shape mismatch"
# cases = "*[model=registered_functions?format=.keras*,*[model=subclassed?format=.keras*"
# label = "bug"
# note = "Versions name the weights in .keras files differently: TensorFlow 2.12 and 2.13, 2.14, 2.15, and Keras 3. The reader does not find the weights. Read the file in the version that wrote it."
# link = "https://github.com/keras-team/keras/issues/18913"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Layer '\\w+' expected \\d+ variables, but received 0 variables during loading|Cannot assign value to variable ' ?\\w+/kernel:0': Shape mismatch"
# cases = "*format=.keras*"
# label = "bug"
# note = "Versions name the weights in .keras files differently: TensorFlow 2.12 and 2.13, 2.14, 2.15, and Keras 3. The reader does not find the weights. Save to .h5 in the version that wrote the file."
# link = "https://github.com/keras-team/keras/issues/18913"
#
# [[tool.harness.label]]
# stage = "open"
# error = "deserialization of a `?Lambda`? layer"
# label = "by design"
# note = "A lambda is code. If you trust the file, pass safe_mode=False; better, replace the lambda by a registered layer."
# link = "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "OSError: Unable to (synchronously )?open file \\(file signature not found"
# cases = "*[model=lambda_layer?format=.keras*"
# label = "by design"
# note = "TensorFlow 2.12 and older take a .keras file for HDF5. Read it in the TensorFlow that wrote it, with safe_mode=False."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "open"
# error = "OSError: Unable to (synchronously )?open file \\(file signature not found"
# label = "by design"
# note = "TensorFlow 2.12 and older take a .keras file for HDF5. Read it in TensorFlow 2.13 or later."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "optimizer state"
# error = "steps were counted, 0 are left"
# label = "bug"
# note = "load_model of a SavedModel starts with a new optimizer. Use .h5 or .keras where training is to go on."
# link = "https://github.com/tensorflow/tensorflow/issues/44670"
#
# [[tool.harness.label]]
# stage = "metrics"
# error = "became \\['loss', 'mean_absolute_error'"
# label = "bug"
# note = "The short name of a metric is replaced by its long one, so the keys of evaluate() change. Give the metric as an object with a name."
# link = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Unrecognized keyword arguments passed to \w+: \{'(quantization_config|renorm|use_gate)'|got an unexpected keyword argument 'input_axes''''
# label = "by design"
# note = "A newer Keras 3 writes a setting that an older one does not know. Make the model with your code, and load its weights from .weights.h5."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Unrecognized keyword argument\\(s\\): \\{'oov_method'"
# label = "by design"
# note = "A newer Keras 3 writes a setting that an older one does not know. Make the model with your code, and load its weights from .weights.h5."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''passed to (LSTM|GRU): \{'time_major''''
# label = "removed"
# note = "Keras 2 writes a setting of recurrent layers that Keras 3 dropped. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Could not locate class '(LSTM|GRU)''''
# label = "bug"
# note = "Keras 3 does not find the layer inside a Bidirectional that Keras 2.12 or older wrote to .h5. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Could not locate function '(mse|mae|mean_\w+)''''
# label = "bug"
# note = "Keras 3 does not find the loss or metric of an .h5 file by its short name. Pass compile=False, and compile again."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Argument\(s\) not recognized: \{'jit_compile''''
# label = "by design"
# note = "The optimizer of a .keras file from Keras 2 has settings that Keras 3 does not know. Pass compile=False, and compile again."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''parent module keras\.src\.engine\.\w+ cannot be imported'''
# label = "by design"
# note = "A .keras file names modules of its version of Keras 2, which others do not have. Load it in the TensorFlow that wrote it."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''int\(\) argument must be a string, a bytes-like object or a real number, not 'list''''
# label = "bug"
# note = "Keras 2 writes the axis of BatchNormalization as a list, which Keras 3 does not take. Load the file in TensorFlow 2.15 or older, or with TF_USE_LEGACY_KERAS=1."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''passed to Lambda: \{'function_type''''
# label = "by design"
# note = "Keras 3 does not read the Lambda layers of a .keras file from Keras 2. Make the model with your code, and load its weights from .weights.h5."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''layer is a Python lambda\. Deserializing it is unsafe'''
# label = "by design"
# note = "A lambda is code. If you trust the file, pass safe_mode=False; better, replace the lambda by a registered layer."
# link = "https://keras.io/api/models/model_saving_apis/model_saving_and_loading/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''bad marshal data'''
# label = "by design"
# note = "A lambda is stored as bytecode of the Python that wrote it, and another Python cannot read it. Use a registered layer."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Object of type function is not JSON serializable'''
# label = "bug"
# note = "Keras 3 fails on the registered functions of an .h5 file from TensorFlow 2.12 or older, also with compile=False."
#
# [[tool.harness.label]]
# stage = "predictions"
# error = '''(?s)FailedPreconditionError: .*Table not initialized'''
# label = "bug"
# note = "Keras 3 writes the layer to this format without its vocabulary. Use .keras."
#
# [[tool.harness.label]]
# stage = "optimizer state"
# error = '''the optimizer's variables differ'''
# label = "bug"
# note = "Reading an .h5 file, Keras 3 prepares the optimizer for none of the model's variables. From Keras 3, use .keras where training is to go on; train a model of Keras 2 in the version that wrote it."
# link = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/legacy_h5_format.py"
#
# [[tool.harness.label]]
# error = '''Unknown activation function: '?function\b|Error when deserializing class 'Dense' using config=.*'activation': \{'mo'''
# cases = "*[model=registered_functions?*"
# label = "bug"
# note = "TensorFlow 2.13 to 2.15 write a registered activation to .h5 in a form that they do not read themselves. Use .keras, and read it in the same version."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''Could not deserialize 'keras\.metrics\.\w+' because it is not a KerasSaveable subclass'''
# label = "bug"
# note = "Keras 3 does not find the loss or metric of an .h5 file by its short name. Pass compile=False, and compile again."
#
# [[tool.harness.label]]
# stage = "open"
# error = '''parent module keras\.src\.models\.\w+ cannot be imported'''
# label = "by design"
# note = "A .keras file of Keras 3 names modules that Keras 2 does not have."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = '''passed to Embedding: \{'(batch_input_shape|input_length|input_dim)'''
# label = "by design"
# note = "Keras 2 writes settings of Embedding that Keras 3 does not take."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "AttributeError: 'str' object has no attribute 'quantization_mode'"
# label = "bug"
# note = "Keras 3 does not turn the dtype policy of a .keras file of Keras 2 into an object."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Unknown layer: '?RegisteredScale"
# label = "bug"
# note = "TensorFlow 2.12 does not find a registered class by the name that a .keras file of 2.13 and later has."
#
# [[tool.harness.label]]
# stage = "open"
# error = "SavedModel file does not exist at: model\\.keras"
# cases = "*[model=lambda_layer?format=.keras*"
# label = "by design"
# note = "TensorFlow 2.7 and older take a .keras file that is not HDF5 for a SavedModel. Read it in the TensorFlow that wrote it, with safe_mode=False."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "open"
# error = "SavedModel file does not exist at: model\\.keras"
# label = "by design"
# note = "TensorFlow 2.7 and older take a .keras file that is not HDF5 for a SavedModel. Read it in TensorFlow 2.13 or later."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "predictions"
# error = '(?s)Invalid input shape for input.*Expected shape \(None, None, 4\)'
# label = "bug"
# note = "Keras 3 rebuilds a Sequential model of an .h5 file from TensorFlow 2.2 with one dimension too many."
#
# [[tool.harness.label]]
# stage = "saving again"
# error = "HDF5 format requires the model to be a Functional model or a Sequential model"
# label = "by design"
# note = "Keras 2 does not save a subclassed model to HDF5, and a .keras file is HDF5 for TensorFlow 2.12 and older."
#
# [[tool.harness.label]]
# stage = "open"
# error = "AttributeError: 'function' object has no attribute 'replace'"
# label = "bug"
# note = "Keras 3 does not take the functions of custom_objects for those that an .h5 file of Keras 2 names."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Op type not registered 'DisableCopyOnRead'|NodeDef mentions attr 'validate_shape' not in Op"
# label = "by design"
# note = "A SavedModel has operations that an older TensorFlow does not know. Read it in the TensorFlow that wrote it, or a newer one."
# link = "https://www.tensorflow.org/guide/versions"
#
# [[tool.harness.label]]
# stage = "open"
# error = "object 'vars' doesn't exist"
# label = "by design"
# note = "From TensorFlow 2.12 on, a name that ends in .weights.h5 means another layout of the file. Rename an older file to end in .h5 alone; load_weights() then reads it."
# link = "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Model expected \\d+ layers, found 0 saved layers|weight file containing 0 layers into a model with"
# label = "by design"
# note = "TensorFlow 2.11 and older do not know the layout that a name ending in .weights.h5 means from 2.12 on. From TensorFlow 2.12 to 2.15, and from tf-keras, save the weights to a name that ends in .h5 alone. From Keras 3, pass get_weights() as NumPy arrays to set_weights()."
# link = "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/"
#
# [[tool.harness.label]]
# stage = "open"
# error = "JSONDecodeError: Expecting value: line 1 column 1"
# label = "by design"
# note = "A newer TensorFlow stores the settings of the layers in another place of a SavedModel. Read it in the TensorFlow that wrote it, or a newer one."
# link = "https://www.tensorflow.org/guide/versions"
#
# [[tool.harness.label]]
# stage = "open"
# error = "weight_decay is not a valid argument|Unknown optimizer: Custom>Adam"
# label = "by design"
# note = "TensorFlow 2.11 and later write the settings of new optimizer classes, which 2.10 and older do not know. Pass compile=False, and compile again."
# link = "https://github.com/tensorflow/tensorflow/releases/tag/v2.11.0"
#
# [[tool.harness.label]]
# stage = "open"
# error = "KeyError: 'sample_weight_mode'"
# label = "by design"
# note = "TensorFlow 2.2 asks for a setting of compile() that later versions do not write. Pass compile=False, and compile again."
#
# [[tool.harness.label]]
# stage = "open"
# error = "Save or restore weights that is not an instance of `tf\\.Variable` is not supported in h5"
# cases = "*[model=text?format=.weights.h5*"
# label = "by design"
# note = "TensorFlow 2.11 and older read no weights from HDF5 into a model that has a layer with a vocabulary. Make the vocabulary in code, and assign() the values of trainable_weights one by one."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Save or restore weights that is not an instance of `tf\\.Variable` is not supported in h5"
# cases = "*[model=lookup?format=.weights.h5*"
# label = "by design"
# note = "TensorFlow 2.4 reads no weights from HDF5 into a model that has a layer with a vocabulary, and its StringLookup numbers the entries differently: by default it has one number for a mask. Read the file in the version that wrote it."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "open"
# error = "Cannot convert value 'mixed_float16' to a TensorFlow DType"
# cases = "*[model=mixed_precision?format=.weights.h5*,*[model=mixed_precision?format=checkpoint*"
# environments = "tf2.4*"
# label = "by design"
# note = "TensorFlow 2.4 does not take the name of a dtype policy as the dtype of a layer. Give the layer a tf.keras.mixed_precision.Policy: files of TensorFlow 2.11 and older are then read."
# link = "https://www.tensorflow.org/guide/mixed_precision"
#
# [[tool.harness.label]]
# stage = "predictions"
# error = "Binding inputs to tf\\.function failed due to `too many positional arguments`"
# cases = "*[model=functional?*option=TFSMLayer*"
# label = "bug"
# note = "A SavedModel takes several inputs by their names, and TFSMLayer passes them as one list. Pass them by name to the call_endpoint_fn of the layer; or load the model with TF_USE_LEGACY_KERAS=1."
# link = "https://github.com/keras-team/keras/issues/20813"
#
# [[tool.harness.label]]
# stage = "open"
# error = "save_fn\\(checkpoint_key\\) expected a Tensor in checkpoint_key, but got str value"
# cases = "*[model=text?format=tf?*,*[model=text?format=export?*"
# label = "by design"
# note = "TensorFlow 2.15 puts the table of a TextVectorization into a SavedModel in a form that 2.12 does not read. Read it in the TensorFlow that wrote it."
# link = "https://www.tensorflow.org/guide/versions"
# ///
"""A saved model is the same in every other version."""

# %% tags=["parameters"]
model = "dense"
format = ".keras"
option = "plain"

# %% define
import json
import os

import numpy as np
import tensorflow as tf

import models

with open("reference.json") as file:
    reference = json.load(file)
with np.load("reference.npz") as arrays:
    expected = {name: arrays[name] for name in arrays.files}
x, y = models.data(model)
custom = models.own_names(model, option)
half = model == "mixed_precision"
arguments = {"compile": False} if option == "compile=False" else {}
if option == "safe_mode=False":
    if not hasattr(tf.keras, "config") and "safe_mode" not in tf.keras.models.load_model.__code__.co_varnames:
        print("load_model has no safe_mode in this version")
        raise SystemExit(125)
    arguments["safe_mode"] = False
if option == "TFSMLayer" and not hasattr(tf.keras.layers, "TFSMLayer"):
    print("there is no TFSMLayer in this version")
    raise SystemExit(125)


class Difference(AssertionError):
    """What was read is not what was written."""


found = {}
errors = {}


def check(name, compare):
    """Note whether `compare` finds a difference, returned as a text and a number; go on after an error."""
    try:
        text, difference = compare()
        error = Difference(text) if text else None
        found[name] = {"same": not text, "difference": difference, "error": None}
    except Exception as raised:
        error = raised
        found[name] = {"same": False, "difference": None, "error": type(raised).__name__}
    errors[name] = error


def judge(name):
    """Raise what a check found."""
    if errors.get(name) is not None:
        raise errors[name]


def far(one, other, tolerance=1e-5):
    """Return the largest difference, and whether it is more than computing in another order makes."""
    one, other = np.asarray(one, dtype="float64"), np.asarray(other, dtype="float64")
    if one.shape != other.shape:
        return float("inf"), True
    difference = float(np.max(np.abs(one - other))) if one.size else 0.0
    return difference, not difference <= tolerance * max(1.0, float(np.max(np.abs(other))) if other.size else 1.0)


# %% open
is_function = format == "export" or option == "TFSMLayer"
if option == "TFSMLayer":
    endpoint = "serve" if format == "export" else "serving_default"
    loaded = tf.keras.layers.TFSMLayer("saved_model", call_endpoint=endpoint)
elif format == "export":
    loaded = tf.saved_model.load("saved_model")
elif format in (".keras", ".h5", "tf"):
    path = "saved_model" if format == "tf" else "model" + format
    loaded = tf.keras.models.load_model(path, custom_objects=custom, **arguments)
elif format == "json":
    with open("model.json") as file:
        loaded = tf.keras.models.model_from_json(file.read(), custom_objects=custom)
    if model == "subclassed":
        loaded(x)
    loaded.load_weights("model.weights.h5")
else:
    loaded = models.make(model)
    for each in models.own_weights(loaded):
        each.assign(np.zeros(tuple(each.shape)))
    if format == ".weights.h5":
        loaded.load_weights("model.weights.h5")
    else:
        tf.train.Checkpoint(model=loaded).restore("checkpoint-1").assert_existing_objects_matched().expect_partial()


# %% measure
def predict():
    if not is_function:
        return models.predict(loaded, x)
    inputs = x if isinstance(x, list) or tf.is_tensor(x) else tf.constant(x)
    result = loaded(inputs) if option == "TFSMLayer" else loaded.serve(inputs)
    return np.asarray(next(iter(result.values())) if isinstance(result, dict) else result)


def same_predictions():
    difference, differs = far(predict(), expected["predictions"], tolerance=1e-2 if half else 1e-4)
    return "the largest difference is %g" % difference if differs else "", difference


def same_weights():
    wanted = [expected["w%d" % at] for at in range(len(expected) - 1)]
    have = models.arrays(loaded.weights)
    if len(have) != len(wanted):
        return "%d weights were written, %d were read" % (len(wanted), len(have)), None
    if [each.shape for each in have] != [each.shape for each in wanted]:
        # Some versions list the same weights in another order.
        have, wanted = (sorted(each, key=lambda a: (a.shape, float(np.sum(a)))) for each in (have, wanted))
    different = [far(one, other) for one, other in zip(have, wanted)]
    worst = max((difference for difference, _ in different), default=0.0)
    count = sum(differs for _, differs in different)
    return "%d of %d weights differ" % (count, len(wanted)) if count else "", worst


def same_settings():
    now = models.settings(loaded)
    if [each for each, _ in now] != [each for each, _ in reference["settings"]]:
        return "layers %s became %s" % ([each for each, _ in reference["settings"]], [each for each, _ in now]), None
    for (name, before), (_, after) in zip(reference["settings"], now):
        for key in sorted(set(before) & set(after) - {"dtype"}):
            if before[key] != after[key]:
                return "%s.%s was %r, is %r" % (name, key, before[key], after[key]), None
    return "", None


def same_optimizer():
    steps, slots = models.steps_and_slots(loaded)
    if steps != reference["steps"]:
        return "%s steps were counted, %s are left" % (reference["steps"], steps), None
    difference, differs = far(slots, reference["slots"], tolerance=1e-3)
    return "the optimizer's variables differ" if differs else "", difference


def same_metrics():
    metrics = models.evaluate(loaded, x, y)
    if sorted(metrics) != sorted(reference["metrics"]):
        return "%s became %s" % (sorted(reference["metrics"]), sorted(metrics)), None
    difference, differs = far(
        [metrics[key] for key in sorted(metrics)], [reference["metrics"][key] for key in sorted(metrics)], 1e-3
    )
    return "the values differ" if differs else "", difference


def same_compilation():
    return ("" if getattr(loaded, "optimizer", None) is not None else "the model was compiled, and is not"), None


def same_training():
    own = errors.get("compilation", True) is None
    if not own:
        loaded.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")
    loss, wanted = models.train(loaded, x, y), reference["losses"]["own" if own else "new"]
    difference, differs = far(loss, wanted, tolerance=1e-2 if half else 1e-3)
    return "the loss after one step differs" if differs else "", difference


def same_again():
    before = models.predict(loaded, x)
    if format in (".keras", ".h5"):
        loaded.save("again" + format)
        again = tf.keras.models.load_model("again" + format, custom_objects=custom, **arguments)
    elif format == "tf":
        loaded.save("again")
        again = tf.keras.models.load_model("again", custom_objects=custom, **arguments)
    else:
        loaded.save_weights("again.weights.h5")
        again = models.make(model)
        again.load_weights("again.weights.h5")
    difference, differs = far(models.predict(again, x), before, tolerance=1e-2 if half else 1e-4)
    return "the largest difference is %g" % difference if differs else "", difference


check("predictions", same_predictions)
if not is_function:
    check("weights", same_weights)
    check("configuration", same_settings)
    if reference["steps"] is not None and option != "compile=False" and format in (".keras", ".h5", "tf"):
        check("compilation", same_compilation)
        if errors["compilation"] is None:
            check("optimizer state", same_optimizer)
            check("metrics", same_metrics)
    if errors["predictions"] is None and errors["weights"] is None:
        check("saving again", same_again)
        check("training", same_training)
print("transfer: " + json.dumps(found))

# %% weights
judge("weights")

# %% predictions
judge("predictions")

# %% configuration
judge("configuration")

# %% compilation
judge("compilation")

# %% optimizer state
judge("optimizer state")

# %% metrics
judge("metrics")

# %% training
judge("training")

# %% saving again
judge("saving again")
